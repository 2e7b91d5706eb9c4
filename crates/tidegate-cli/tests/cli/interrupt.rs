//! Ctrl-C.

use std::io::Read;
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

#[test]
fn an_interrupt_ends_the_child_processes_first() {
    let stage = Stage::new();
    let script = stage.file(
        "hang.sh",
        "cd \"$(dirname \"$0\")\"; sleep 600 & echo $! > grandchild; echo $$ > child; wait\n",
    );
    stage.config(&format!(
        "[providers.mine]\ntype = \"command\"\nargv = [\"sh\", '{}', \"{{prompt}}\"]\n\
         [endpoints.mine]\nprovider = \"mine\"\nmodel = \"any\"\n",
        script.display()
    ));
    let (mut child, _stderr) = started(stage.command(&["run", "-v", "hi"]), "attempt 1 at");
    let (leader, grandchild) = (stage.home().join("child"), stage.home().join("grandchild"));
    let ready = format!(
        "until [ -s {} ] && [ -s {} ]; do :; done",
        leader.display(),
        grandchild.display()
    );
    assert!(
        Command::new("timeout")
            .args(["10", "sh", "-c", &ready])
            .status()
            .unwrap()
            .success()
    );
    signal("-INT", child.id());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    for file in [leader, grandchild] {
        let pid = std::fs::read_to_string(file).unwrap();
        assert!(is_gone(&pid), "{pid} is still alive");
    }
}
