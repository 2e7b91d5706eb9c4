//! Ctrl-C.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

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

/// A run that waits a minute before it tries again, told of in this form.
fn waiting_to_retry(stage: &Stage, form: &str) -> Command {
    let args = ["run", "-e", "openai/gpt-4o", form, "hi"];
    let patience = ["--max-retries", "1", "--retry-base-delay", "60s"];
    stage.command(&[&args[..], &patience].concat())
}

#[track_caller]
fn is_an_interrupt(document: &str) {
    let object: serde_json::Value = serde_json::from_str(document).unwrap();
    assert_eq!(object["error"]["kind"], "interrupted", "{document}");
    let ends = (&object["ok"], &object["exit_code"]);
    assert_eq!(ends, (&false.into(), &130.into()));
}

#[test]
fn an_interrupted_run_still_ends_in_its_object() {
    let provider = Provider::scripted("503");
    let stage = provider.stage();
    let command = waiting_to_retry(&stage, "--json");
    let (mut child, _stderr) = started(command, "trying again in 60s");
    signal("-INT", child.id());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut stdout = String::new();
    let mut pipe = child.stdout.take().unwrap();
    pipe.read_to_string(&mut stdout).unwrap();
    is_an_interrupt(&stdout);
}

#[test]
fn an_interrupted_run_still_ends_in_the_line_behind_its_events() {
    let provider = Provider::scripted("503");
    let stage = provider.stage();
    let mut command = waiting_to_retry(&stage, "--events");
    let mut child = (command.stdout(Stdio::piped()).stderr(Stdio::null()))
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let failed = |line: &String| line.contains("attempt_failed");
    assert!(lines.by_ref().map(Result::unwrap).any(|line| failed(&line)));
    signal("-INT", child.id());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    is_an_interrupt(&lines.last().unwrap().unwrap());
}

#[test]
fn half_a_line_of_an_answer_is_ended_before_the_interrupt_is_told() {
    let provider = Provider::scripted("ok=one two three four,stall=2");
    let stage = provider.stage();
    let mut command = stage.command(&["run", "-e", "openai/gpt-4o", "--stream", "hi"]);
    let mut child = (command.stdout(Stdio::piped()).stderr(Stdio::piped()))
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut answer = [0; "one two".len()];
    stdout.read_exact(&mut answer).unwrap();
    signal("-INT", child.id());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert!(rest.ends_with('\n'), "{rest:?}");
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
