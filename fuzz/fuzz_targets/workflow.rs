//! libFuzzer's entry to `orderwright::fuzz`, where the target is.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| orderwright::fuzz::run("workflow", bytes));
