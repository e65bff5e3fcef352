//! MODE SENSE (10), MODE SELECT (10) (MMC-6 6.12 and 6.11, SPC-4).

use glassmaster_disc::MediaType;
use glassmaster_mmc::cmd::{ModeData, ModeSelect10, ModeSense10, PageControl};
use glassmaster_mmc::page::{DataBlockType, ModePage, WriteParameters, WriteType};
use glassmaster_scsi::{DataPhase, FieldPointer, Sense};

use super::pages::{CODES, Pages, capabilities};
use super::sent;
use super::write::writable;
use crate::drive::VirtualDrive;
use crate::sense;

pub(super) fn sense(d: &VirtualDrive, c: &ModeSense10) -> Result<Vec<u8>, Sense> {
    if c.control == PageControl::Saved {
        return Err(sense::NO_SAVED_PARAMETERS);
    }
    if c.subpage != 0 && !(c.page == 0x3F && c.subpage == 0xFF) {
        return Err(sense::cdb_field(3));
    }
    let codes: &[u8] = match c.page {
        0x3F => &CODES,
        code => match CODES.iter().position(|k| *k == code) {
            Some(n) => CODES.get(n..=n).unwrap_or(&[]),
            None => return Err(sense::cdb_bit(2, 5)),
        },
    };
    let defaults = Pages::default();
    let pages = codes
        .iter()
        .map(|code| {
            let from = if c.control == PageControl::Default { &defaults } else { &d.pages };
            let mut page = from.get(*code).unwrap_or_else(|| capabilities(d));
            if c.control == PageControl::Changeable {
                let mut mask = Pages::changeable(*code);
                mask.resize(page.data.len(), 0);
                page.data = mask;
            }
            page
        })
        .collect();
    Ok(ModeData { pages, ..ModeData::default() }.to_bytes_10())
}

pub(super) fn select(d: &mut VirtualDrive, c: &ModeSelect10, data: &DataPhase<'_>) -> Result<usize, Sense> {
    if c.save {
        return Err(sense::cdb_bit(1, 0));
    }
    if !c.page_format {
        return Err(sense::cdb_bit(1, 4));
    }
    let len = usize::from(c.parameter_list_length);
    if len == 0 {
        return Ok(0);
    }
    let bytes = sent(data, len)?;
    let list = ModeData::parse_select_10(bytes).map_err(|e| e.sense())?;
    // One short descriptor of the block length is legal; the drive has only this one length (SPC-4 7.5).
    if !list.block_descriptors.is_empty() {
        let [.., high, middle, low] = list.block_descriptors.as_slice() else {
            return Err(sense::list_field(6));
        };
        let length = u32::from_be_bytes([0, *high, *middle, *low]);
        if list.block_descriptors.len() != 8 || !matches!(length, 0 | 2048) {
            return Err(sense::list_field(8 + 5));
        }
    }
    let mut at = 8 + list.block_descriptors.len();
    // All pages are looked at before any is taken.
    for page in &list.pages {
        check(d, page, at)?;
        at += page.to_bytes().len();
    }
    for page in &list.pages {
        take(d, page)?;
    }
    Ok(len)
}

/// Refuses a page with the pointer to the offending field; `at` is where the page starts in the list.
fn check(d: &VirtualDrive, page: &ModePage, at: usize) -> Result<(), Sense> {
    let list = |byte: usize, bit: Option<u8>| {
        let byte = u16::try_from(at + byte).unwrap_or(u16::MAX);
        sense::INVALID_PARAMETER.with_field(FieldPointer { in_cdb: false, bit, byte })
    };
    if page.subpage.is_some() {
        return Err(list(0, Some(6)));
    }
    let current = match d.pages.get(page.code) {
        Some(current) => current,
        // The capabilities page may be sent back as it was.
        None if page.code == 0x2A => capabilities(d),
        None => return Err(list(0, Some(5))),
    };
    page.check_change(&current.data, &Pages::changeable(page.code)).map_err(|e| e.shifted(at).sense())?;
    if page.code == 0x05 {
        let p: WriteParameters = page.decode().map_err(|_| list(1, None))?;
        // Raw recording is not offered, packets are not recorded on CD, and only one medium has layers to jump between.
        let on_cd = d.loaded().is_some_and(|disc| disc.rules().facts().is_cd());
        let on_dual = d.loaded().is_some_and(|disc| disc.media() == MediaType::DVD_R_DL);
        match p.write_type {
            WriteType::TRACK_AT_ONCE | WriteType::SESSION_AT_ONCE => {}
            WriteType::PACKET if !on_cd => {}
            WriteType::LAYER_JUMP if on_dual => {}
            _ => return Err(list(2, Some(3))),
        }
        // A cue sheet says both for its own recording; only what could bring subchannel data is looked at then.
        let by_sheet = p.write_type == WriteType::SESSION_AT_ONCE;
        match p.data_block_type {
            DataBlockType::MODE_1 | DataBlockType::MODE_2_FORM_1 => {}
            DataBlockType::RAW_2352 if by_sheet => {}
            _ => return Err(list(4, Some(3))),
        }
        // Audio tracks are not offered; 4 to 7 are data tracks.
        if on_cd && !by_sheet && p.track_mode & 0b1100 != 4 {
            return Err(list(3, Some(3)));
        }
        if !matches!(p.session_format.0, 0x00 | 0x10 | 0x20) {
            return Err(list(8, None));
        }
    }
    Ok(())
}

fn take(d: &mut VirtualDrive, page: &ModePage) -> Result<(), Sense> {
    let bad = |_| sense::INVALID_PARAMETER;
    match page.code {
        0x01 => d.pages.recovery = page.decode().map_err(bad)?,
        0x05 => {
            d.pages.write_parameters = page.decode().map_err(bad)?;
            let jump = d.pages.write_parameters.write_type == WriteType::LAYER_JUMP;
            // A disc that cannot be written to takes no choice.
            if let Ok(disc) = writable(d) {
                let rules = disc.rules();
                let change = rules.write_type_chosen(disc, jump)?;
                d.note(change);
            }
        }
        0x08 => d.pages.caching = page.decode().map_err(bad)?,
        0x1A => d.pages.power = page.decode().map_err(bad)?,
        0x1D => d.pages.timeout = page.decode().map_err(bad)?,
        _ => {}
    }
    Ok(())
}
