//! Profiles (MMC-6 5.3.1 Profile List feature): what a drive can be with a medium.

use std::fmt;

use glassmaster_disc::MediaType;

/// Profile number. Open: unknown numbers are kept.
#[doc(alias = "IMAPI_PROFILE_TYPE")]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
pub struct Profile(pub u16);

macro_rules! profiles {
    ($($code:literal $name:ident $alias:literal $text:literal $media:ident;)*) => {
        impl Profile {
            $(#[doc = concat!($text, ".")] #[doc(alias = $alias)] pub const $name: Self = Self($code);)*

            /// The name in MMC-6, `None` for numbers it does not list.
            #[must_use]
            pub const fn label(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some($text),)*
                    _ => None,
                }
            }

            /// The medium that goes with it; [`MediaType::UNKNOWN`] where the profile does not say.
            #[must_use]
            pub const fn media_type(self) -> MediaType {
                match self.0 {
                    $($code => MediaType::$media,)*
                    _ => MediaType::UNKNOWN,
                }
            }
        }
    };
}

profiles! {
    0x0000 NONE "IMAPI_PROFILE_TYPE_INVALID" "no current profile" UNKNOWN;
    0x0001 NON_REMOVABLE_DISK "IMAPI_PROFILE_TYPE_NON_REMOVABLE_DISK" "non-removable disk" UNKNOWN;
    0x0002 REMOVABLE_DISK "IMAPI_PROFILE_TYPE_REMOVABLE_DISK" "removable disk" DISK;
    0x0003 MO_ERASABLE "IMAPI_PROFILE_TYPE_MO_ERASABLE" "MO erasable" UNKNOWN;
    0x0004 MO_WRITE_ONCE "IMAPI_PROFILE_TYPE_MO_WRITE_ONCE" "MO write once" UNKNOWN;
    0x0005 AS_MO "IMAPI_PROFILE_TYPE_AS_MO" "AS-MO" UNKNOWN;
    0x0008 CD_ROM "IMAPI_PROFILE_TYPE_CDROM" "CD-ROM" CD_ROM;
    0x0009 CD_R "IMAPI_PROFILE_TYPE_CD_RECORDABLE" "CD-R" CD_R;
    0x000A CD_RW "IMAPI_PROFILE_TYPE_CD_REWRITABLE" "CD-RW" CD_RW;
    0x0010 DVD_ROM "IMAPI_PROFILE_TYPE_DVDROM" "DVD-ROM" DVD_ROM;
    0x0011 DVD_R "IMAPI_PROFILE_TYPE_DVD_DASH_RECORDABLE" "DVD-R sequential recording" DVD_R;
    0x0012 DVD_RAM "IMAPI_PROFILE_TYPE_DVD_RAM" "DVD-RAM" DVD_RAM;
    0x0013 DVD_RW_RESTRICTED_OVERWRITE "IMAPI_PROFILE_TYPE_DVD_DASH_REWRITABLE"
        "DVD-RW restricted overwrite" DVD_RW;
    0x0014 DVD_RW_SEQUENTIAL "IMAPI_PROFILE_TYPE_DVD_DASH_RW_SEQUENTIAL" "DVD-RW sequential recording" DVD_RW;
    0x0015 DVD_R_DL_SEQUENTIAL "IMAPI_PROFILE_TYPE_DVD_DASH_R_DUAL_SEQUENTIAL"
        "DVD-R dual layer sequential recording" DVD_R_DL;
    0x0016 DVD_R_DL_LAYER_JUMP "IMAPI_PROFILE_TYPE_DVD_DASH_R_DUAL_LAYER_JUMP"
        "DVD-R dual layer jump recording" DVD_R_DL;
    0x0017 DVD_RW_DL "DVD-RW dual layer" "DVD-RW dual layer" DVD_RW;
    0x0018 DVD_DOWNLOAD "DVD-Download" "DVD-Download disc recording" UNKNOWN;
    0x001A DVD_PLUS_RW "IMAPI_PROFILE_TYPE_DVD_PLUS_RW" "DVD+RW" DVD_PLUS_RW;
    0x001B DVD_PLUS_R "IMAPI_PROFILE_TYPE_DVD_PLUS_R" "DVD+R" DVD_PLUS_R;
    0x0020 DDCD_ROM "IMAPI_PROFILE_TYPE_DDCDROM" "DDCD-ROM" UNKNOWN;
    0x0021 DDCD_R "IMAPI_PROFILE_TYPE_DDCD_RECORDABLE" "DDCD-R" UNKNOWN;
    0x0022 DDCD_RW "IMAPI_PROFILE_TYPE_DDCD_REWRITABLE" "DDCD-RW" UNKNOWN;
    0x002A DVD_PLUS_RW_DL "IMAPI_PROFILE_TYPE_DVD_PLUS_RW_DUAL" "DVD+RW dual layer" DVD_PLUS_RW_DL;
    0x002B DVD_PLUS_R_DL "IMAPI_PROFILE_TYPE_DVD_PLUS_R_DUAL" "DVD+R dual layer" DVD_PLUS_R_DL;
    0x0040 BD_ROM "IMAPI_PROFILE_TYPE_BD_ROM" "BD-ROM" BD_ROM;
    0x0041 BD_R_SEQUENTIAL "IMAPI_PROFILE_TYPE_BD_R_SEQUENTIAL" "BD-R sequential recording" BD_R;
    0x0042 BD_R_RANDOM "IMAPI_PROFILE_TYPE_BD_R_RANDOM_RECORDING" "BD-R random recording" BD_R;
    0x0043 BD_RE "IMAPI_PROFILE_TYPE_BD_REWRITABLE" "BD-RE" BD_RE;
    0x0050 HD_DVD_ROM "IMAPI_PROFILE_TYPE_HD_DVD_ROM" "HD DVD-ROM" HD_DVD_ROM;
    0x0051 HD_DVD_R "IMAPI_PROFILE_TYPE_HD_DVD_RECORDABLE" "HD DVD-R" HD_DVD_R;
    0x0052 HD_DVD_RAM "IMAPI_PROFILE_TYPE_HD_DVD_RAM" "HD DVD-RAM" HD_DVD_RAM;
    0x0053 HD_DVD_RW "HD DVD-RW" "HD DVD-RW" UNKNOWN;
    0x0058 HD_DVD_R_DL "HD DVD-R DL" "HD DVD-R dual layer" UNKNOWN;
    0x005A HD_DVD_RW_DL "HD DVD-RW DL" "HD DVD-RW dual layer" UNKNOWN;
    0xFFFF NON_STANDARD "IMAPI_PROFILE_TYPE_NON_STANDARD" "not conforming to a standard profile" UNKNOWN;
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.label() {
            Some(text) => f.write_str(text),
            None => write!(f, "profile {:04X}h", self.0),
        }
    }
}

impl crate::bytes::Field for Profile {
    fn get(bytes: &[u8], at: usize, mask: u8) -> Result<Self, crate::bytes::Trouble> {
        u16::get(bytes, at, mask).map(Self)
    }

    fn put(&self, out: &mut [u8], at: usize, mask: u8) {
        self.0.put(out, at, mask);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_of_the_profiles_that_differ_in_number_only() {
        assert_eq!(Profile(0x13).media_type(), Profile(0x14).media_type());
        assert_eq!(Profile(0x41).media_type(), MediaType::BD_R);
        assert_eq!(Profile(0x42).media_type(), MediaType::BD_R);
        assert_eq!(Profile(0x99).media_type(), MediaType::UNKNOWN);
        assert_eq!(Profile(0x99).to_string(), "profile 0099h");
    }
}
