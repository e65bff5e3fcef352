//! How fast sectors of Mode 1 are coded: `cargo run --release -p glassmaster-cd --example coding_speed`.
#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::Instant;

use glassmaster_cd::sector::{Data, build, parse};
use glassmaster_cd::{ecc, edc, scramble};
use glassmaster_disc::{Lba, Msf};

/// Sectors of each measurement: 300 MB.
const SECTORS: u32 = 150_000;

fn measure(what: &str, bytes: u32, mut one: impl FnMut(u32)) {
    let start = Instant::now();
    for n in 0..SECTORS {
        one(n);
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{what}: {:.0} MB/s", f64::from(SECTORS) * f64::from(bytes) / seconds / 1e6);
}

fn main() {
    let mut data = [0; 2048];
    let mut x: u32 = 1;
    for byte in &mut data {
        x = x.wrapping_mul(0x0019_660D).wrapping_add(0x3C6E_F35F);
        *byte = x.to_le_bytes()[3];
    }
    let address = Msf::try_from(Lba(1000)).unwrap_or_else(|e| unreachable!("{e}"));
    let mut sector = build(address, Data::Mode1(&data));
    measure("EDC", 2064, |_| {
        black_box(edc(black_box(&sector[..2064])));
    });
    measure("P and Q parity", 2352, |_| ecc::encode(black_box(&mut sector), ecc::Coverage::Header));
    measure("scrambling", 2352, |_| scramble(black_box(&mut sector)));
    measure("user data to scrambled sector, Mode 1", 2048, |n| {
        data[0] = n.to_le_bytes()[0];
        let mut sector = build(address, Data::Mode1(black_box(&data)));
        scramble(&mut sector);
        black_box(&sector);
    });
    let good = build(address, Data::Mode1(&data));
    measure("checking a sector", 2352, |_| {
        let _ = black_box(parse(black_box(&good)));
    });
}
