// SPDX-License-Identifier: MIT

//! bench.h for Rust: see there.

use std::time::{Duration, Instant};

pub struct Bench {
    pub workload: &'static str,
    pub param: usize,
    pub duration: Duration,
    pub ops_per_unit: f64,
    repetitions_left: usize,
    units: u64,
    started: Instant,
    is_warm: bool,
}

pub fn print(workload: &str, param: usize, value: f64) {
    println!("{} {} {:.2}", workload, param, value);
}

impl Bench {
    pub fn new(workload: &'static str, ops_per_unit: f64) -> Bench {
        let args: Vec<usize> = std::env::args()
            .skip(1)
            .map(|a| a.parse().unwrap())
            .collect();
        assert!(args.len() == 3, "usage: PARAM REPETITIONS MILLISECONDS");
        Bench {
            workload,
            param: args[0],
            duration: Duration::from_millis(args[2] as u64),
            ops_per_unit,
            repetitions_left: args[1],
            units: 0,
            started: Instant::now(),
            is_warm: false,
        }
    }

    fn calibrate(&mut self, elapsed: Duration) {
        let factor = self.duration.as_secs_f64() / (elapsed.as_secs_f64() + 1e-9);
        self.is_warm = elapsed >= self.duration / 2;
        self.units = ((self.units as f64 * factor.min(10.0)) as u64).max(1);
    }

    /// Ends the repetition that runs and begins the next one: how many units
    /// that is to do, None once there are enough.
    pub fn next(&mut self) -> Option<u64> {
        let elapsed = self.started.elapsed();
        if self.units == 0 {
            self.units = 1;
        } else if !self.is_warm {
            self.calibrate(elapsed);
        } else {
            let ops = self.units as f64 * self.ops_per_unit;
            print(self.workload, self.param, elapsed.as_nanos() as f64 / ops);
            self.repetitions_left -= 1;
            if self.repetitions_left == 0 {
                return None;
            }
        }
        self.started = Instant::now();
        Some(self.units)
    }
}

#[repr(C)]
struct Timespec {
    sec: i64,
    nsec: i64,
}

extern "C" {
    fn clock_gettime(clock: i32, time: *mut Timespec) -> i32;
}

/// The CPU time, user and system, that the process has had, in ns.
pub fn cpu() -> f64 {
    const CLOCK_PROCESS_CPUTIME_ID: i32 = 2;
    let mut time = Timespec { sec: 0, nsec: 0 };
    let r = unsafe { clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    assert!(r == 0, "no clock of CPU time");
    time.sec as f64 * 1e9 + time.nsec as f64
}

/// The bytes that the process holds, its page tables included.
pub fn memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let kib: f64 = status
        .lines()
        .filter(|line| line.starts_with("VmRSS:") || line.starts_with("VmPTE:"))
        .map(|line| {
            line.split_whitespace()
                .nth(1)
                .unwrap()
                .parse::<f64>()
                .unwrap()
        })
        .sum();
    kib * 1024.0
}
