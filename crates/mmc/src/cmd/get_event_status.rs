//! GET EVENT STATUS NOTIFICATION (MMC-6 6.6): medium changes, eject requests, busy times.

use crate::bytes::{Field, command, open_code, set_length16, sized16};
use crate::command::{Query, Transfer};
use crate::field::ResponseError;

bitflags::bitflags! {
    /// NOTIFICATION CLASS REQUEST and SUPPORTED EVENT CLASSES.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
    pub struct EventClasses: u8 {
        /// Operational change.
        const OPERATIONAL_CHANGE = 1 << 1;
        /// Power management.
        const POWER_MANAGEMENT = 1 << 2;
        /// External request.
        const EXTERNAL_REQUEST = 1 << 3;
        /// Media.
        const MEDIA = 1 << 4;
        /// Multiple hosts.
        const MULTI_HOST = 1 << 5;
        /// Device busy.
        const DEVICE_BUSY = 1 << 6;
        /// Reserved classes are kept.
        const _ = !0;
    }
}

impl Field for EventClasses {
    fn get(bytes: &[u8], at: usize, mask: u8) -> Result<Self, crate::bytes::Trouble> {
        u8::get(bytes, at, mask).map(Self::from_bits_retain)
    }

    fn put(&self, out: &mut [u8], at: usize, mask: u8) {
        self.bits().put(out, at, mask);
    }
}

command! {
    /// Asks for the next event of the requested classes, the lowest class first.
    #[doc(alias = "4Ah")]
    struct GetEventStatusNotification[10] GET_EVENT_STATUS_NOTIFICATION "GET EVENT STATUS NOTIFICATION"
    |c| Transfer::In(c.allocation_length.into()) => {
        /// POLLED: answer at once. Drives refuse the asynchronous form with 5/24/00.
        polled: bool = 1 & 0x01,
        /// Which classes.
        classes: EventClasses = 4,
        /// Most bytes to return; with 4 or less the event stays pending.
        allocation_length: u16 = 7,
    }
}

impl GetEventStatusNotification {
    /// Polls these classes for one event of 8 bytes.
    #[must_use]
    pub const fn poll(classes: EventClasses) -> Self {
        Self { polled: true, classes, allocation_length: 8 }
    }
}

impl Query for GetEventStatusNotification {
    type Response = EventStatus;

    fn parse_response(&self, data: &[u8]) -> Result<EventStatus, ResponseError> {
        EventStatus::parse(data)
    }
}

open_code! {
    /// NOTIFICATION CLASS of an event.
    EventClass {
        NONE = 0, " None.";
        OPERATIONAL_CHANGE = 1, " Operational change.";
        POWER_MANAGEMENT = 2, " Power management.";
        EXTERNAL_REQUEST = 3, " External request.";
        MEDIA = 4, " Media.";
        MULTI_HOST = 5, " Multiple hosts.";
        DEVICE_BUSY = 6, " Device busy.";
    }
}

open_code! {
    /// MEDIA EVENT: what happened.
    MediaEventCode {
        NO_CHANGE = 0, " No change.";
        EJECT_REQUEST = 1, " The eject button was pressed.";
        NEW_MEDIA = 2, " A medium came in and is ready.";
        MEDIA_REMOVAL = 3, " The medium was taken out.";
        MEDIA_CHANGED = 4, " The host asked for another medium.";
        BACKGROUND_FORMAT_COMPLETED = 5, " Background format completed.";
        BACKGROUND_FORMAT_RESTARTED = 6, " Background format restarted.";
    }
}

/// Media event descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct MediaEvent {
    /// What happened since the last answer.
    pub code: MediaEventCode,
    /// Bit 1 of the status: a medium is in the drive.
    pub media_present: bool,
    /// Bit 0 of the status: tray or door is open.
    pub tray_open: bool,
    /// First slot that it concerns, in changers.
    pub start_slot: u8,
    /// Last slot.
    pub end_slot: u8,
}

/// One event.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Event {
    /// Class 4.
    Media(MediaEvent),
    /// Any other class with its four descriptor bytes, short answers padded with 0: event code in the low half of
    /// byte 0, status in byte 1, parameters.
    Other(EventClass, [u8; 4]),
}

/// Event header and descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct EventStatus {
    /// The event; `None` with NEA: none of the requested classes is supported.
    pub event: Option<Event>,
    /// SUPPORTED EVENT CLASSES.
    pub supported: EventClasses,
}

impl EventStatus {
    /// Reads the header and, if there is one, the descriptor.
    ///
    /// # Errors
    /// [`ResponseError`] when the header is cut.
    pub fn parse(data: &[u8]) -> Result<Self, ResponseError> {
        const NAME: &str = "event status";
        let data = sized16(NAME, data)?;
        let get = |field, at| crate::bytes::read::<u8>(NAME, field, data, at);
        let flags = get("notification class", 2)?;
        let supported = EventClasses::from_bits_retain(get("supported event classes", 3)?);
        let body = data.get(4..).filter(|body| !body.is_empty() && flags & 0x80 == 0);
        let event = body.map(|body| {
            let at = |i: usize| body.get(i).copied().unwrap_or(0);
            match EventClass(flags & 7) {
                EventClass::MEDIA => Event::Media(MediaEvent {
                    code: MediaEventCode(at(0) & 0x0F),
                    media_present: at(1) & 0x02 != 0,
                    tray_open: at(1) & 0x01 != 0,
                    start_slot: at(2),
                    end_slot: at(3),
                }),
                class => Event::Other(class, [at(0), at(1), at(2), at(3)]),
            }
        });
        Ok(Self { event, supported })
    }

    /// The bytes: 4 with NEA, else 8.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (flags, body) = match self.event {
            None => (0x80, None),
            Some(Event::Media(m)) => {
                let status = u8::from(m.media_present) << 1 | u8::from(m.tray_open);
                (EventClass::MEDIA.0, Some([m.code.0 & 0x0F, status, m.start_slot, m.end_slot]))
            }
            Some(Event::Other(class, bytes)) => (class.0 & 7, Some(bytes)),
        };
        let mut out = vec![0, 0, flags, self.supported.bits()];
        out.extend(body.into_iter().flatten());
        set_length16(out)
    }
}
