//! MODE SENSE (6) and (10) (MMC-6 6.12, SPC-4) and the mode parameter list (SPC-4 7.5).

use crate::bytes::{closed_code, command, layout, read};
use crate::command::{Query, Transfer};
use crate::field::{FieldError, ResponseError};
use crate::page::ModePage;

closed_code! {
    /// PAGE CONTROL: which values of a page are meant.
    #[doc(alias = "IMAPI_MODE_PAGE_REQUEST_TYPE")]
    PageControl {
        /// What is in force.
        #[doc(alias = "IMAPI_MODE_PAGE_REQUEST_TYPE_CURRENT_VALUES")]
        #[default]
        Current = 0,
        /// A mask: 1-bits may be changed.
        #[doc(alias = "IMAPI_MODE_PAGE_REQUEST_TYPE_CHANGEABLE_VALUES")]
        Changeable = 1,
        /// What is in force after power on.
        #[doc(alias = "IMAPI_MODE_PAGE_REQUEST_TYPE_DEFAULT_VALUES")]
        Default = 2,
        /// What was saved; 5/39/00 where the drive saves nothing.
        #[doc(alias = "IMAPI_MODE_PAGE_REQUEST_TYPE_SAVED_VALUES")]
        Saved = 3,
    }
}

command! {
    /// Asks for mode pages; the usual form for CD, DVD and BD.
    #[doc(alias = "5Ah")]
    struct ModeSense10[10] MODE_SENSE_10 "MODE SENSE (10)" |c| Transfer::In(c.allocation_length.into()) => {
        /// LLBAA: long block descriptors allowed.
        long_lba: bool = 1 & 0x10,
        /// DBD: no block descriptors, as MMC wants it.
        no_block_descriptors: bool = 1 & 0x08,
        /// Which values.
        control: PageControl = 2 & 0xC0,
        /// PAGE CODE, 3Fh for all.
        page: u8 = 2 & 0x3F,
        /// SUBPAGE CODE.
        subpage: u8 = 3,
        /// Most bytes to return.
        allocation_length: u16 = 7,
    }
}

command! {
    /// The short form, for old drives and for programs that probe both.
    #[doc(alias = "1Ah")]
    struct ModeSense6[6] MODE_SENSE_6 "MODE SENSE (6)" |c| Transfer::In(c.allocation_length.into()) => {
        /// DBD: no block descriptors.
        no_block_descriptors: bool = 1 & 0x08,
        /// Which values.
        control: PageControl = 2 & 0xC0,
        /// PAGE CODE, 3Fh for all.
        page: u8 = 2 & 0x3F,
        /// SUBPAGE CODE.
        subpage: u8 = 3,
        /// Most bytes to return.
        allocation_length: u8 = 4,
    }
}

impl ModeSense10 {
    /// One page without block descriptors, up to `allocation_length` bytes.
    #[must_use]
    pub const fn page(page: u8, control: PageControl, allocation_length: u16) -> Self {
        Self { long_lba: false, no_block_descriptors: true, control, page, subpage: 0, allocation_length }
    }
}

impl Query for ModeSense10 {
    type Response = ModeData;

    fn parse_response(&self, data: &[u8]) -> Result<ModeData, ResponseError> {
        ModeData::parse_10(data)
    }
}

impl Query for ModeSense6 {
    type Response = ModeData;

    fn parse_response(&self, data: &[u8]) -> Result<ModeData, ResponseError> {
        ModeData::parse_6(data)
    }
}

layout! {
    struct Header10[8] "mode parameter header (10)" {
        data_length: u16 = 0,
        medium_type: u8 = 2,
        device_specific: u8 = 3,
        block_descriptor_length: u16 = 6,
    }
}

layout! {
    struct Header6[4] "mode parameter header (6)" {
        data_length: u8 = 0,
        medium_type: u8 = 1,
        device_specific: u8 = 2,
        block_descriptor_length: u8 = 3,
    }
}

/// Mode parameter list: header, block descriptors, pages (SPC-4 7.5). MODE SENSE answers with it, MODE SELECT
/// sends it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Hash)]
pub struct ModeData {
    /// MEDIUM TYPE: 0 in MMC, 70h for "door closed, no disc" in old drives.
    pub medium_type: u8,
    /// DEVICE-SPECIFIC PARAMETER: 0 in MMC.
    pub device_specific: u8,
    /// Block descriptors as they came; MMC drives have none.
    pub block_descriptors: Vec<u8>,
    /// The pages in order. A page that the allocation length cut off is not among them.
    pub pages: Vec<ModePage>,
}

impl ModeData {
    /// One page, nothing else.
    #[must_use]
    pub fn of(page: ModePage) -> Self {
        Self { pages: vec![page], ..Self::default() }
    }

    /// The first page with this code and subpage 0.
    #[must_use]
    pub fn page(&self, code: u8) -> Option<&ModePage> {
        self.pages.iter().find(|p| p.code == code && p.subpage.is_none())
    }

    /// Reads the answer to MODE SENSE (10).
    ///
    /// # Errors
    /// [`ResponseError`] when the header is cut or its block descriptors do not fit.
    pub fn parse_10(data: &[u8]) -> Result<Self, ResponseError> {
        let header = Header10::read(data)?;
        let end = data.len().min(usize::from(header.data_length) + 2);
        Self::parse_body(
            "mode parameter list",
            data.get(..end).unwrap_or(data),
            Header10::LEN,
            header.block_descriptor_length.into(),
            header.medium_type,
            header.device_specific,
        )
    }

    /// Reads the answer to MODE SENSE (6).
    ///
    /// # Errors
    /// As [`Self::parse_10`].
    pub fn parse_6(data: &[u8]) -> Result<Self, ResponseError> {
        let header = Header6::read(data)?;
        let end = data.len().min(usize::from(header.data_length) + 1);
        Self::parse_body(
            "mode parameter list (6)",
            data.get(..end).unwrap_or(data),
            Header6::LEN,
            header.block_descriptor_length.into(),
            header.medium_type,
            header.device_specific,
        )
    }

    fn parse_body(
        structure: &'static str,
        data: &[u8],
        header: usize,
        descriptors: usize,
        medium_type: u8,
        device_specific: u8,
    ) -> Result<Self, ResponseError> {
        let start = header + descriptors;
        let block_descriptors = data.get(header..start).ok_or(ResponseError::TooShort {
            structure,
            field: "block descriptors",
            byte: header,
            got: data.len(),
        })?;
        let mut pages = Vec::new();
        let mut rest = data.get(start..).unwrap_or(&[]);
        while let Some((page, after)) = ModePage::split(rest) {
            pages.push(page);
            rest = after;
        }
        Ok(Self { medium_type, device_specific, block_descriptors: block_descriptors.to_vec(), pages })
    }

    /// Reads what MODE SELECT (10) sent. MODE DATA LENGTH is reserved there and not looked at.
    ///
    /// # Errors
    /// [`FieldError`] at the header, or at the page that does not fit.
    pub fn parse_select_10(data: &[u8]) -> Result<Self, FieldError> {
        let header = Header10::read_parameter(data)?;
        let mut at = Header10::LEN + usize::from(header.block_descriptor_length);
        let block_descriptors = data.get(Header10::LEN..at).ok_or(FieldError::parameter(6, None))?.to_vec();
        let mut pages = Vec::new();
        while let Some(rest) = data.get(at..).filter(|rest| !rest.is_empty()) {
            let (page, after) =
                ModePage::split(rest).ok_or_else(|| FieldError::parameter(1, None).shifted(at))?;
            pages.push(page);
            at = data.len() - after.len();
        }
        Ok(Self {
            medium_type: header.medium_type,
            device_specific: header.device_specific,
            block_descriptors,
            pages,
        })
    }

    fn body(&self) -> Vec<u8> {
        let mut out = self.block_descriptors.clone();
        for page in &self.pages {
            out.extend_from_slice(&page.to_bytes());
        }
        out
    }

    /// Answer to MODE SENSE (10).
    #[must_use]
    pub fn to_bytes_10(&self) -> Vec<u8> {
        let header = Header10 {
            data_length: 0,
            medium_type: self.medium_type,
            device_specific: self.device_specific,
            block_descriptor_length: u16::try_from(self.block_descriptors.len()).unwrap_or(u16::MAX),
        };
        let mut out = header.write().to_vec();
        out.extend_from_slice(&self.body());
        crate::bytes::set_length16(out)
    }

    /// Parameter list of MODE SELECT (10): MODE DATA LENGTH 0 and every PS bit clear, as MODE SELECT in SPC-4 demands.
    #[must_use]
    pub fn to_select_10(&self) -> Vec<u8> {
        let mut list = self.clone();
        list.pages.iter_mut().for_each(|p| p.saveable = false);
        let mut out = list.to_bytes_10();
        out.iter_mut().take(2).for_each(|b| *b = 0);
        out
    }

    /// Answer to MODE SENSE (6); what does not fit into 256 bytes is cut off.
    #[must_use]
    pub fn to_bytes_6(&self) -> Vec<u8> {
        let header = Header6 {
            data_length: 0,
            medium_type: self.medium_type,
            device_specific: self.device_specific,
            block_descriptor_length: u8::try_from(self.block_descriptors.len()).unwrap_or(u8::MAX),
        };
        let mut out = header.write().to_vec();
        out.extend_from_slice(&self.body());
        out.truncate(usize::from(u8::MAX) + 1);
        out[0] = u8::try_from(out.len() - 1).unwrap_or(u8::MAX);
        out
    }

    /// Length that a whole MODE SENSE (10) answer has, from its first two bytes: what to ask for the second time.
    ///
    /// # Errors
    /// [`ResponseError`] with fewer than two bytes.
    pub fn full_length_10(data: &[u8]) -> Result<usize, ResponseError> {
        let length: u16 = read("mode parameter header (10)", "mode data length", data, 0)?;
        Ok(usize::from(length) + 2)
    }
}
