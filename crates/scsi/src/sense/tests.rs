//! Sense data from the tables of SPC-4 and from drives.

use super::*;

/// SPC-4 table 53 (fixed format) with the bytes of a drive that is formatting, half done.
#[test]
fn fixed_with_progress() {
    let bytes = [0x70, 0, 0x02, 0, 0, 0, 0, 0x0A, 0, 0, 0, 0, 0x04, 0x04, 0, 0x80, 0x80, 0x00];
    let sense = Sense::parse(&bytes).unwrap();
    assert!(sense.is(2, 4, 4));
    assert_eq!(sense.progress(), Some(0x8000));
    assert_eq!(sense.field_pointer(), None);
    assert_eq!(sense.to_fixed(), bytes);
    assert_eq!(
        sense.to_string(),
        "not ready: logical unit not ready, format in progress (2/04/04), 50 % done"
    );
}

#[test]
fn fixed_with_field_pointer_and_information() {
    let bytes = [0xF0, 0, 0x25, 0, 0, 0x12, 0x34, 0x0A, 0, 0, 0, 0, 0x24, 0, 0, 0xCB, 0, 2];
    let sense = Sense::parse(&bytes).unwrap();
    assert!(sense.ili);
    assert_eq!(sense.information, Some(0x1234));
    assert_eq!(sense.field_pointer(), Some(FieldPointer { in_cdb: true, bit: Some(3), byte: 2 }));
    assert_eq!(sense.to_fixed(), bytes);
    assert!(sense.to_string().contains("byte 2 of the command bit 3"), "{sense}");
}

/// SPC-4 4.5.2: header, Information descriptor, Sense key specific descriptor.
#[test]
fn descriptor_format() {
    let bytes = [
        0x72, 0x03, 0x11, 0x05, 0, 0, 0, 0x14, // header
        0x00, 0x0A, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 2, // information
        0x02, 0x06, 0, 0, 0x80, 0, 9, 0, // actual retry count
    ];
    let sense = Sense::parse(&bytes).unwrap();
    assert!(sense.is(3, 0x11, 5));
    assert_eq!(sense.information, Some(0x1_0000_0002));
    assert_eq!(sense.retry_count(), Some(9));
    assert_eq!(sense.to_descriptors(), bytes);
    assert_eq!(sense.to_fixed()[0], 0x70, "33 bits do not fit: VALID stays clear");
}

#[test]
fn short_and_foreign_data() {
    assert_eq!(Sense::parse(&[]), None);
    assert_eq!(Sense::parse(&[0x70, 0]), None);
    assert_eq!(Sense::parse(&[0x7F; 18]), None);
    assert!(Sense::parse(&[0x70, 0, 6]).unwrap().is(6, 0, 0));
    // 14 bytes, additional length 6: ends after the qualifier.
    let short = [0x71, 0, 3, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0x0C, 0x09];
    let sense = Sense::parse(&short).unwrap();
    assert!(sense.is(3, 0x0C, 9) && sense.deferred);
    // A descriptor that claims more than there is ends the walk.
    assert!(Sense::parse(&[0x72, 5, 0x24, 0, 0, 0, 0, 255, 0, 200, 1]).unwrap().is(5, 0x24, 0));
}

fn any_sense() -> impl proptest::strategy::Strategy<Value = Sense> {
    use proptest::prelude::*;
    (
        (0u8..16, any::<u16>(), any::<bool>()),
        proptest::option::of(0..=u64::from(u32::MAX)),
        proptest::option::of(1..=u64::from(u32::MAX)),
        (any::<bool>(), any::<bool>(), any::<bool>()),
        proptest::option::of((0u8..128, any::<u8>(), any::<u8>())),
    )
        .prop_map(|((key, code, deferred), information, command_specific, bits, specific)| Sense {
            key: SenseKey(key),
            code: AdditionalSense(code),
            deferred,
            information,
            command_specific,
            filemark: bits.0,
            eom: bits.1,
            ili: bits.2,
            key_specific: specific.map(|(a, b, c)| [a, b, c]),
        })
}

proptest::proptest! {
    #[test]
    fn both_formats_keep_everything(sense in any_sense()) {
        proptest::prop_assert_eq!(Sense::parse(&sense.to_fixed()), Some(sense));
        proptest::prop_assert_eq!(Sense::parse(&sense.to_descriptors()), Some(sense));
    }

    #[test]
    fn no_bytes_break_it(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..64)) {
        if let Some(sense) = Sense::parse(&bytes) {
            let _ = sense.to_string();
        }
    }
}
