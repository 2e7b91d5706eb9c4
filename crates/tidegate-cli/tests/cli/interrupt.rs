//! Ctrl-C.

use std::io::{BufRead, Read};
use std::process::Command;

use crate::stage::{Provider, Stage, started};

fn signal(name: &str, pid: u32) {
    assert!(
        Command::new("kill")
            .args([name, &pid.to_string()])
            .status()
            .unwrap()
            .success()
    );
}

/// Whether a process is gone, or only waits to be reaped. The kernel takes a moment to carry a SIGKILL out.
fn is_gone(pid: &str) -> bool {
    let look = "while kill -0 $0 2>/dev/null && ! grep -q ') [ZX]' /proc/$0/stat; do :; done";
    Command::new("timeout")
        .args(["5", "sh", "-c", look, pid.trim()])
        .status()
        .unwrap()
        .success()
}

#[test]
fn an_interrupt_ends_a_waiting_run_with_130() {
    for name in ["-INT", "-TERM"] {
        let provider = Provider::scripted("hang");
        let stage = provider.stage();
        let (mut child, mut stderr) = started(
            stage.command(&["run", "-v", "-e", "openai/gpt-4o", "hi"]),
            "attempt 1 at",
        );
        signal(name, child.id());
        assert_eq!(child.wait().unwrap().code(), Some(130));
        let mut rest = String::new();
        stderr.read_to_string(&mut rest).unwrap();
        assert!(rest.contains("interrupted"), "{rest}");
    }
}

/// A stage whose only endpoint is this script, run in the stage's home.
fn hanging(script: &str) -> Stage {
    let stage = Stage::new();
    let script = stage.file("hang.sh", &format!("cd \"$(dirname \"$0\")\"; {script}\n"));
    stage.config(&format!(
        "[providers.mine]\ntype = \"command\"\nargv = [\"sh\", '{}', \"{{prompt}}\"]\n\
         [endpoints.mine]\nprovider = \"mine\"\nmodel = \"any\"\n",
        script.display()
    ));
    stage
}

/// Waits until a process has left its number in this file.
fn pid(stage: &Stage, file: &str) -> String {
    let path = stage.home().join(file);
    let ready = format!("until [ -s {} ]; do :; done", path.display());
    let mut command = Command::new("timeout");
    let status = command.args(["10", "sh", "-c", &ready]).status();
    assert!(status.unwrap().success(), "{file} was never written");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn an_interrupt_ends_the_child_processes_first() {
    // Elsewhere than on Linux SIGHUP is left as it is.
    let names = ["-INT", "-HUP"];
    let names = if cfg!(target_os = "linux") {
        &names[..]
    } else {
        &names[..1]
    };
    for name in names {
        let stage = hanging("sleep 600 & echo $! > grandchild; echo $$ > child; wait");
        let (mut child, _stderr) = started(stage.command(&["run", "-v", "hi"]), "attempt 1 at");
        let pids = ["child", "grandchild"].map(|file| pid(&stage, file));
        signal(name, child.id());
        assert_eq!(child.wait().unwrap().code(), Some(130), "{name}");
        for pid in pids {
            assert!(is_gone(&pid), "{name}: {pid} is still alive");
        }
    }
}

#[test]
fn a_second_interrupt_kills_a_child_that_did_not_heed_the_first() {
    let stage = hanging("trap '' TERM INT; echo $$ > child; exec sleep 60");
    let (mut child, mut stderr) = started(stage.command(&["run", "-v", "hi"]), "attempt 1 at");
    let pid = pid(&stage, "child");
    signal("-INT", child.id());
    let mut line = String::new();
    while !line.contains("interrupted") {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "it ended early");
    }
    signal("-INT", child.id());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(is_gone(&pid), "{pid} is still alive");
}

#[test]
fn a_run_that_is_to_outlive_its_terminal_does() {
    let provider = Provider::scripted("ok=OK,delay=500ms");
    let stage = provider.stage();
    let binary = env!("CARGO_BIN_EXE_tidegate");
    let script = format!("trap '' HUP; exec {binary} run -v -e openai/gpt-4o hi");
    let mut command = Command::new("sh");
    let plain = stage.command(&[]);
    let variables = plain.get_envs();
    command.args(["-c", &script]).env_clear();
    command.envs(variables.filter_map(|(name, value)| Some((name, value?))));
    let (mut child, _stderr) = started(command, "attempt 1 at");
    signal("-HUP", child.id());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
