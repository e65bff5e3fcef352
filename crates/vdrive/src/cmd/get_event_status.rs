//! GET EVENT STATUS NOTIFICATION (MMC-6 6.6).

use glassmaster_mmc::cmd::{
    Event, EventClass, EventClasses, EventStatus, GetEventStatusNotification, MediaEventCode,
};
use glassmaster_scsi::Sense;

use crate::drive::VirtualDrive;
use crate::sense;

/// Classes this drive reports.
fn supported() -> EventClasses {
    EventClasses::OPERATIONAL_CHANGE
        | EventClasses::POWER_MANAGEMENT
        | EventClasses::EXTERNAL_REQUEST
        | EventClasses::MEDIA
        | EventClasses::DEVICE_BUSY
}

/// The oldest event of the lowest requested class that has one; else "no change" of the lowest class.
pub(super) fn answer(d: &mut VirtualDrive, c: &GetEventStatusNotification) -> Result<Vec<u8>, Sense> {
    // Asynchronous notification needs command queueing, which optical drives do not have.
    if !c.polled {
        return Err(sense::cdb_bit(1, 0));
    }
    let wanted = c.classes & supported();
    let room = c.allocation_length > 4;
    let event = if wanted.is_empty() {
        None
    } else if wanted.contains(EventClasses::OPERATIONAL_CHANGE) && d.operational_change {
        // The header alone asks which classes have news; an event is only gone once it has been handed over.
        d.operational_change = !room;
        let prevented = u8::from(d.persistent_prevent) << 7;
        // 02h: the logical unit has changed its operational state; change code 0001h: features have changed.
        Some(Event::Other(EventClass::OPERATIONAL_CHANGE, [0x02, prevented, 0x00, 0x01]))
    } else if wanted.contains(EventClasses::MEDIA) && !d.events.is_empty() {
        let event = if room { d.events.pop_front() } else { d.events.front().copied() };
        event.map(|mut e| {
            // Tray and presence are as they are now, whatever they were when the event came up.
            let now = d.media_event(e.code);
            e.media_present = now.media_present;
            e.tray_open = now.tray_open;
            Event::Media(e)
        })
    } else {
        Some(quiet(d, wanted))
    };
    Ok(EventStatus { event, supported: supported() }.to_bytes())
}

fn quiet(d: &mut VirtualDrive, wanted: EventClasses) -> Event {
    let none = |class, status| Event::Other(class, [0, status, 0, 0]);
    if wanted.contains(EventClasses::OPERATIONAL_CHANGE) {
        none(EventClass::OPERATIONAL_CHANGE, u8::from(d.persistent_prevent) << 7)
    } else if wanted.contains(EventClasses::POWER_MANAGEMENT) {
        // Power status 1: active.
        none(EventClass::POWER_MANAGEMENT, 1)
    } else if wanted.contains(EventClasses::EXTERNAL_REQUEST) {
        none(EventClass::EXTERNAL_REQUEST, 0)
    } else if wanted.contains(EventClasses::MEDIA) {
        Event::Media(d.media_event(MediaEventCode::NO_CHANGE))
    } else {
        // Device busy status 0: ready; 1: a command is being executed.
        let busy = u8::from(d.pace.busy().is_some());
        Event::Other(EventClass::DEVICE_BUSY, [busy, busy, 0, 0])
    }
}
