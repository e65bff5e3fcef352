//! What recipes send along with their commands, byte for byte, and in which order and with how much time.

#![allow(clippy::unwrap_used, reason = "tests")]

mod rig;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use glassmaster_burn::{CancelHandle, CdWriteType, DashWriteType, DataBurn, DataOptions, SpareAreas};
use glassmaster_disc::MediaType;
use glassmaster_scsi::{Cdb, DataPhase, Outcome, Sense, Transport, TransportError};

use rig::{Rig, image, quiet};

/// A command with its data and the time it was given.
struct Sent {
    cdb: Vec<u8>,
    data: Vec<u8>,
    limit: Duration,
}

/// What a drive does not take.
#[derive(Clone, Copy, PartialEq)]
enum Refusal {
    /// IMMED of SYNCHRONIZE CACHE and CLOSE TRACK SESSION.
    Immed,
    /// Sub-type 00b of FORMAT UNIT.
    QuickReformat,
}

/// Writes down what is sent; refuses what it is told to.
struct Listener {
    inner: Box<dyn Transport>,
    heard: Arc<Mutex<Vec<Sent>>>,
    refuses: Option<Refusal>,
}

impl Transport for Listener {
    fn execute(
        &mut self,
        cdb: &Cdb,
        data: DataPhase<'_>,
        timeout: Duration,
    ) -> Result<Outcome, TransportError> {
        let sent = match cdb.opcode() {
            0x2A => Vec::new(),
            _ => data.sent().to_vec(),
        };
        self.heard.lock().unwrap().push(Sent { cdb: cdb.as_bytes().to_vec(), data: sent, limit: timeout });
        let immed = match cdb.opcode() {
            0x35 => cdb.byte(1) & 0x02 != 0,
            0x5B => cdb.byte(1) & 0x01 != 0,
            _ => false,
        };
        if immed && self.refuses == Some(Refusal::Immed) {
            return Ok(Outcome::check(Sense::of(5, 0x24, 0)));
        }
        if cdb.opcode() == 0x04 && self.refuses == Some(Refusal::QuickReformat) && data.sent()[8] & 3 == 0 {
            return Ok(Outcome::check(Sense::of(5, 0x26, 0)));
        }
        self.inner.execute(cdb, data, timeout)
    }

    fn max_transfer(&self) -> usize {
        self.inner.max_transfer()
    }

    fn name(&self) -> &str {
        self.inner.name()
    }
}

/// A write of 40 sectors to a blank medium.
fn burn(media: MediaType, options: DataOptions, refuses: Option<Refusal>) -> Vec<Sent> {
    let rig = Rig::blank(media);
    let heard = Arc::<Mutex<Vec<Sent>>>::default();
    let listener = Listener { inner: rig.watched(), heard: Arc::clone(&heard), refuses };
    let recorder = rig.recorder_on(Box::new(listener));
    DataBurn::new(options)
        .write(&recorder, Arc::new(image(40, 1)), &mut quiet, &CancelHandle::new())
        .unwrap();
    drop(recorder);
    Arc::try_unwrap(heard).ok().unwrap().into_inner().unwrap()
}

fn data_of(sent: &[Sent], opcode: u8) -> Vec<&[u8]> {
    sent.iter().filter(|s| s.cdb[0] == opcode).map(|s| s.data.as_slice()).collect()
}

/// The parameter lists of FORMAT UNIT (MMC-6 6.4): FOV where there are options and IMMED, descriptor length 8, number of blocks,
/// format type in bits 7-2 and sub-type in bits 1-0 of byte 8, type dependent parameter. Byte for byte what other programs send
/// to such a disc: growisofs 7.1 to a DVD+RW, `dvd+rw-format -ssa=none` 7.1 to a BD-RE, cdrskin with `blank=format_overwrite` to a
/// DVD-RW and with `blank=format_defectmgt` to a BD-R.
#[test]
fn format_unit_of_each_medium() {
    let with = DataOptions { spare_areas: SpareAreas::With, ..DataOptions::default() };
    let without = DataOptions { spare_areas: SpareAreas::Without, ..DataOptions::default() };
    let usual = DataOptions::default;
    for (media, options, list) in [
        // Quick, no more than 128 MiB; the ECC block of 16.
        (MediaType::DVD_RW, usual(), [0, 0x02, 0, 8, 0x00, 0x01, 0x00, 0x00, 0x54, 0x00, 0x00, 0x10]),
        (MediaType::DVD_PLUS_RW, usual(), [0, 0x02, 0, 8, 0x00, 0x23, 0x05, 0x40, 0x98, 0x00, 0x00, 0x00]),
        (MediaType::BD_RE, usual(), [0, 0x82, 0, 8, 0x00, 0xB4, 0x74, 0x00, 0x00, 0x00, 0x08, 0x00]),
        (MediaType::BD_RE, with.clone(), [0, 0x82, 0, 8, 0x00, 0xB4, 0x74, 0x00, 0xC0, 0x00, 0x00, 0x00]),
        (MediaType::BD_RE, without, [0, 0x82, 0, 8, 0x00, 0xBA, 0x74, 0x00, 0xC4, 0x00, 0x00, 0x00]),
        // Sequential recording without pseudo-overwrite.
        (MediaType::BD_R, with, [0, 0x82, 0, 8, 0x00, 0xB4, 0x74, 0x00, 0x01, 0x00, 0x08, 0x00]),
    ] {
        assert_eq!(data_of(&burn(media, options, None), 0x04), [&list[..]], "{media}");
    }
    // What needs no format gets none.
    for media in [MediaType::CD_R, MediaType::DVD_R, MediaType::DVD_PLUS_R, MediaType::BD_R] {
        assert!(data_of(&burn(media, usual(), None), 0x04).is_empty(), "{media}");
    }
}

/// Drives differ in the sub-types of 30h and 31h that they take: all are offered before the burn fails.
#[test]
fn another_subtype_is_tried_where_one_is_refused() {
    for (spare_areas, kind) in [(SpareAreas::With, 0x30 << 2), (SpareAreas::Without, 0x31 << 2)] {
        let options = DataOptions { spare_areas, ..DataOptions::default() };
        let sent = burn(MediaType::BD_RE, options, Some(Refusal::QuickReformat));
        let kinds: Vec<_> = data_of(&sent, 0x04).iter().map(|list| list[8]).collect();
        assert_eq!(kinds, [kind, kind | 1]);
    }
}

/// The fields of page 05h (MMC-6 7.5) that each write type needs: bytes 2, 3, 4 and 5 of the page, packet size.
#[test]
fn write_parameters_of_each_write_type() {
    let of = |force_close, cd_write_type, dash_write_type| DataOptions {
        force_close,
        cd_write_type,
        dash_write_type,
        ..DataOptions::default()
    };
    let (cd, dash) = (CdWriteType::Auto, DashWriteType::Auto);
    for (media, options, bytes, packet) in [
        // BUFE, write type; multi-session, FP, track mode; data block type; link size.
        (MediaType::CD_R, of(false, cd, dash), [0x42, 0xC4, 0x08, 0], 0u32),
        (MediaType::CD_R, of(true, cd, dash), [0x42, 0x04, 0x08, 0], 0),
        (MediaType::CD_R, of(false, CdWriteType::TrackAtOnce, dash), [0x41, 0xC4, 0x08, 0], 0),
        (MediaType::DVD_R, of(false, cd, dash), [0x60, 0xE5, 0x08, 16], 16),
        (MediaType::DVD_R, of(true, cd, dash), [0x42, 0x05, 0x08, 0], 0),
        (MediaType::DVD_RW, of(false, cd, DashWriteType::Incremental), [0x60, 0xE5, 0x08, 16], 16),
        (MediaType::DVD_R_DL, of(false, cd, dash), [0x42, 0x05, 0x08, 0], 0),
    ] {
        let sent = burn(media, options, None);
        let pages = data_of(&sent, 0x55);
        assert_eq!(pages.len(), 2, "{media}: set, and put back");
        assert_eq!(pages[0][..10], [0, 0, 0, 0, 0, 0, 0, 0, 0x05, 0x32], "{media}: no PS, no descriptors");
        assert_eq!(pages[0][10..14], bytes, "{media}");
        assert_eq!(pages[0][18..22], packet.to_be_bytes(), "{media}");
    }
    // The other media have no such page for the host to set (MMC-6 7.5.3).
    for media in [MediaType::DVD_PLUS_R, MediaType::BD_R, MediaType::DVD_PLUS_RW, MediaType::DVD_RAM] {
        assert!(data_of(&burn(media, DataOptions::default(), None), 0x55).is_empty(), "{media}");
    }
}

/// Between the plan of a recording in one go and its first block nothing is sent but the look at the buffer.
#[test]
fn nothing_comes_between_the_plan_and_the_first_write() {
    let closed = DataOptions { force_close: true, ..DataOptions::default() };
    for (media, plan) in [(MediaType::CD_R, 0x5D), (MediaType::CD_RW, 0x5D), (MediaType::DVD_R, 0x53)] {
        let sent = burn(media, closed.clone(), None);
        let at = sent.iter().position(|s| s.cdb[0] == plan).unwrap();
        let opc = sent.iter().position(|s| s.cdb[0] == 0x54).unwrap();
        assert!(opc < at, "{media}: calibrated before");
        let next = sent[at + 1..].iter().find(|s| s.cdb[0] != 0x5C).unwrap();
        assert_eq!(next.cdb[0], 0x2A, "{media}");
    }
}

/// A drive without IMMED takes as long for the command as for the work: it is given that time.
#[test]
fn closing_without_immed_is_given_its_time() {
    for media in [MediaType::CD_R, MediaType::DVD_PLUS_R, MediaType::BD_R] {
        let options = DataOptions {
            close_limit: Duration::from_secs(1234),
            cd_write_type: CdWriteType::TrackAtOnce,
            ..DataOptions::default()
        };
        let sent = burn(media, options, Some(Refusal::Immed));
        for (opcode, immed) in [(0x35u8, 0x02u8), (0x5B, 0x01)] {
            let plain: Vec<_> = sent.iter().filter(|s| s.cdb[0] == opcode && s.cdb[1] & immed == 0).collect();
            assert!(!plain.is_empty(), "{media}, {opcode:02X}h");
            assert!(plain.iter().all(|s| s.limit == Duration::from_secs(1234)), "{media}, {opcode:02X}h");
        }
    }
}
