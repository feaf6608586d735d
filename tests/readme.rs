//! The README's examples, run as they stand.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::path::Path;
use std::process::Command;

/// The blocks of the README that are marked `sh`: commands to be run from the repository's root.
fn examples() -> Vec<String> {
    let text = std::fs::read_to_string(support::root().join("README.md")).unwrap();
    let blocks = text.split("```sh\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn every_example_of_the_readme_runs() {
    let programs = Path::new(env!("CARGO_BIN_EXE_inview-replay")).parent().unwrap();
    let examples = examples();
    assert!(examples.len() >= 3, "{examples:?}");
    for example in examples {
        assert!(example.contains("target/release/inview-"), "{example}");
        let here = example.replace("target/release/", &format!("{}/", programs.display()));
        let output = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &here])
            .current_dir(support::root())
            .output()
            .unwrap();
        assert!(output.status.success(), "{example}\n{}", support::text(&output.stderr));
    }
}

#[test]
fn the_readme_shows_what_the_demo_prints() {
    let text = std::fs::read_to_string(support::root().join("README.md")).unwrap();
    let shown = text.split("<!-- demo output -->\n```text\n").nth(1).unwrap();
    let shown = shown.split("```").next().unwrap();
    let recording = support::shipped_recording();
    let printed = support::run(env!("CARGO_BIN_EXE_inview-replay"), &[recording.to_str().unwrap()]);
    assert_eq!(shown, support::text(&printed.stdout));
}
