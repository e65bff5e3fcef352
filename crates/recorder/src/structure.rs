//! Answers as bytes: disc and track information, structures of DVD and BD.

use glassmaster_mmc::cmd::{
    AddressType, DiscInformation, DiscInformationType, DiscStructure, ReadDiscInformation, ReadDiscStructure,
    ReadTrackInformation, SendDiscStructure, StructureFormat, StructureMedia, TrackInformation,
};
use glassmaster_mmc::{Command, ResponseError};

use crate::command::{Origin, Repeat};
use crate::{DiscRecorder, Error};

/// First allocation for information blocks: a whole standard block with a few tables behind it.
const INFORMATION: u16 = 256;

/// An answer as it came, with the length in its first two bytes. `ask` sends the question with an allocation length: a
/// second time where there is more than the first one had room for.
fn whole<C: Command>(
    first: u16,
    ask: &mut dyn FnMut(u16) -> Result<Vec<u8>, Error>,
) -> Result<Vec<u8>, Error> {
    let origin = Origin { command: C::NAME, opcode: C::OPCODE, lba: None };
    let length = |bytes: &[u8]| match bytes.first_chunk::<2>() {
        Some(length) => Ok(usize::from(u16::from_be_bytes(*length)) + 2),
        None => Err(Error::Answer {
            origin,
            source: ResponseError::TooShort {
                structure: C::NAME,
                field: "data length",
                byte: 0,
                got: bytes.len(),
            },
        }),
    };
    let mut bytes = ask(first)?;
    let full = length(&bytes)?;
    if full > usize::from(first) {
        bytes = ask(u16::try_from(full).unwrap_or(u16::MAX))?;
    }
    bytes.truncate(length(&bytes)?);
    Ok(bytes)
}

impl DiscRecorder {
    /// The standard disc information as it came (MMC-6 6.21), its length of 2 bytes and the table of laser powers
    /// included.
    ///
    /// # Errors
    /// What the drive says; [`Error::Answer`] where less came than every such answer has.
    #[doc(alias = "GetDiscInformation")]
    #[doc(alias = "ULONG_IMAPI2_DISC_INFORMATION")]
    pub fn disc_information_bytes(&self) -> Result<Vec<u8>, Error> {
        let bytes = whole::<ReadDiscInformation>(INFORMATION, &mut |allocation_length| {
            let data_type = DiscInformationType::STANDARD;
            self.query_bytes(&ReadDiscInformation { data_type, allocation_length })
        })?;
        let origin =
            Origin { command: ReadDiscInformation::NAME, opcode: ReadDiscInformation::OPCODE, lba: None };
        DiscInformation::parse(&bytes).map_err(|source| Error::Answer { origin, source })?;
        Ok(bytes)
    }

    /// The information of a track as it came (MMC-6 6.26), its length of 2 bytes included. `address` is an LBA, or the
    /// number of a track or session, as `address_type` says.
    ///
    /// # Errors
    /// As [`DiscRecorder::disc_information_bytes`].
    #[doc(alias = "GetTrackInformation")]
    #[doc(alias = "ULONG_IMAPI2_TRACK_INFORMATION")]
    pub fn track_information_bytes(&self, address: u32, address_type: AddressType) -> Result<Vec<u8>, Error> {
        let bytes = whole::<ReadTrackInformation>(INFORMATION, &mut |allocation_length| {
            self.query_bytes(&ReadTrackInformation { open: false, address_type, address, allocation_length })
        })?;
        let origin =
            Origin { command: ReadTrackInformation::NAME, opcode: ReadTrackInformation::OPCODE, lba: None };
        TrackInformation::parse(&bytes).map_err(|source| Error::Answer { origin, source })?;
        Ok(bytes)
    }

    /// A structure of the disc without its 4 bytes of header (MMC-6 6.22). `agid` is an authentication grant, 0 to 3;
    /// which family of formats is meant follows from the medium.
    ///
    /// # Errors
    /// 5/24/00 where the disc has no such structure, [`HResult`](crate::HResult) `DVD_STRUCTURE_NOT_PRESENT`; 5/30/xx on
    /// media without structures; [`Error::Argument`] for another `agid`.
    #[doc(alias = "ReadDvdStructure")]
    #[doc(alias = "ULONG_IMAPI2_DVD_STRUCTURE")]
    pub fn read_disc_structure(
        &self,
        format: u8,
        address: u32,
        layer: u8,
        agid: u8,
    ) -> Result<Vec<u8>, Error> {
        if agid > 3 {
            return Err(Error::Argument(format!("{agid} is no authentication grant; there are 0 to 3")));
        }
        let media = self.structure_media()?;
        let format = StructureFormat(format);
        let bytes = whole::<ReadDiscStructure>(4, &mut |allocation_length| {
            self.query_bytes(&ReadDiscStructure { media, address, layer, format, allocation_length, agid })
        })?;
        let origin =
            Origin { command: ReadDiscStructure::NAME, opcode: ReadDiscStructure::OPCODE, lba: None };
        let structure = DiscStructure::parse(&bytes).map_err(|source| Error::Answer { origin, source })?;
        Ok(structure.data)
    }

    /// Sends a structure; its 4 bytes of header are put before it (MMC-6, SEND DISC STRUCTURE).
    ///
    /// # Errors
    /// [`Error::Argument`] for more than 65531 bytes; else what the drive says.
    #[doc(alias = "SendDvdStructure")]
    pub fn send_disc_structure(&self, format: u8, data: &[u8]) -> Result<(), Error> {
        let too_long = |_| Error::Argument(format!("a structure of {} bytes is too long", data.len()));
        let length = u16::try_from(data.len().saturating_add(4)).map_err(too_long)?;
        let list = DiscStructure { data: data.to_vec() }.to_bytes();
        let command = SendDiscStructure {
            media: self.structure_media()?,
            format: StructureFormat(format),
            parameter_list_length: length,
        };
        self.send(&command, &list, self.patience().long_command, Repeat::Freely)
    }

    /// Family of format codes that the medium in the drive has; that of DVD where the drive does not say what it is.
    fn structure_media(&self) -> Result<StructureMedia, Error> {
        match self.configuration() {
            Ok(configuration) if matches!(configuration.current_profile.0, 0x40..=0x43) => {
                Ok(StructureMedia::BD)
            }
            Ok(_) => Ok(StructureMedia::DVD),
            Err(e) if e.is_unsupported() => Ok(StructureMedia::DVD),
            Err(e) => Err(e),
        }
    }
}
