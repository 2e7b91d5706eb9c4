//! Real child processes, in real time.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot set up its case should fail the test"
)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use tidegate::failure::Status;
use tidegate::transport::process::ProcessTransport;
use tidegate::transport::{Incoming, Transport};
use tidegate::{Network, Secret, Timeouts};
use tidegate_providers::{Call, ProcessCall, ReplyHead, TransportError};
use tokio::time::{Instant, timeout};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A child is reached without one.
static NETWORK: Network = Network::USUAL;

fn sh(script: &str) -> Call {
    Call::Process(ProcessCall {
        program: "sh".into(),
        args: vec!["-c".into(), script.into()],
        env: Vec::new(),
        stdin: None,
    })
}

async fn whole(reply: Incoming) -> (Status, String, String) {
    let body = futures_util::StreamExt::collect::<Vec<_>>(reply.body).await;
    let stdout: Vec<u8> = body
        .into_iter()
        .flat_map(|chunk| chunk.unwrap().to_vec())
        .collect();
    match reply.head {
        ReplyHead::Process { ended, stderr } => (
            ended,
            String::from_utf8_lossy(&stdout).into_owned(),
            String::from_utf8_lossy(&stderr).into_owned(),
        ),
        other => panic!("not a process: {other:?}"),
    }
}

async fn run(
    transport: &ProcessTransport,
    call: &Call,
) -> Result<(Status, String, String), TransportError> {
    Ok(whole(transport.send(call, &Timeouts::COMMAND, &NETWORK).await?).await)
}

/// Whether a process is gone, or only waits to be reaped. The kernel takes a moment to carry a SIGKILL out.
fn is_gone(pid: &str) -> bool {
    let look = "while kill -0 $0 2>/dev/null && ! grep -q ') [ZX]' /proc/$0/stat; do :; done";
    let status = std::process::Command::new("timeout")
        .args(["5", "sh", "-c", look, pid.trim()])
        .status();
    status.unwrap().success()
}

fn pids(directory: &Path) -> Vec<String> {
    let files = fs::read_dir(directory).unwrap();
    files
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        .filter(|pid| !pid.trim().is_empty())
        .collect()
}

/// Reads a named pipe to its end: returns when nobody holds it for writing.
async fn read_fifo(path: std::path::PathBuf) -> String {
    tokio::task::spawn_blocking(move || fs::read_to_string(path).unwrap())
        .await
        .unwrap()
}

fn fifo(directory: &Path, name: &str) -> std::path::PathBuf {
    let path = directory.join(name);
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    path
}

#[tokio::test]
async fn both_outputs_and_the_exit_code_are_brought_back() {
    let transport = ProcessTransport::new();
    let answer = run(&transport, &sh("echo out; echo err >&2; exit 3"))
        .await
        .unwrap();
    assert_eq!(answer, (Status::Exit(3), "out\n".into(), "err\n".into()));
    transport.settled().await;
}

#[tokio::test]
async fn a_signal_that_ends_the_child_is_told() {
    let answer = run(&ProcessTransport::new(), &sh("kill -KILL $$"))
        .await
        .unwrap();
    assert_eq!(answer.0, Status::Signal(9));
}

#[tokio::test]
async fn a_prompt_of_a_megabyte_goes_in_while_output_comes_out() {
    let prompt = Bytes::from(vec![b'x'; 1_024 * 1_024]);
    let call = ProcessCall {
        program: "cat".into(),
        args: vec![],
        env: vec![],
        stdin: Some(prompt.clone()),
    };
    let (ended, stdout, _) = run(&ProcessTransport::new(), &Call::Process(call))
        .await
        .unwrap();
    assert_eq!((ended, stdout.len()), (Status::Exit(0), prompt.len()));
}

#[tokio::test]
async fn a_child_that_does_not_read_its_prompt_may_still_answer() {
    let prompt = Bytes::from(vec![b'x'; 1_024 * 1_024]);
    let call = ProcessCall {
        program: "sh".into(),
        args: vec!["-c".into(), "exec <&-; echo answer".into()],
        env: vec![],
        stdin: Some(prompt),
    };
    let (ended, stdout, _) = run(&ProcessTransport::new(), &Call::Process(call))
        .await
        .unwrap();
    assert_eq!((ended, stdout.as_str()), (Status::Exit(0), "answer\n"));
}

#[tokio::test]
async fn the_environment_carries_the_secret_and_the_arguments_do_not() {
    let call = ProcessCall {
        program: "sh".into(),
        args: vec![
            "-c".into(),
            "printf %s \"$KEY\"; tr '\\0' ' ' < /proc/$$/cmdline >&2".into(),
        ],
        env: vec![("KEY".into(), Secret::new("sk-hidden-1"))],
        stdin: None,
    };
    let (_, stdout, arguments) = run(&ProcessTransport::new(), &Call::Process(call))
        .await
        .unwrap();
    assert_eq!(stdout, "sk-hidden-1");
    assert!(!arguments.contains("sk-hidden"), "{arguments}");
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_told_apart_from_one_that_fails() {
    let call = Call::Process(ProcessCall {
        program: "tidegate-no-such-program".into(),
        args: vec![],
        env: vec![],
        stdin: None,
    });
    let error = run(&ProcessTransport::new(), &call).await.unwrap_err();
    assert!(
        matches!(error, TransportError::CommandNotFound { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_flood_on_standard_error_is_kept_at_both_ends_only() {
    let flood =
        "head -c 1000000000 /dev/zero | tr '\\0' x >&2; echo 'HTTP 503 at the end' >&2; exit 1";
    let (ended, _, stderr) = run(&ProcessTransport::new(), &sh(flood)).await.unwrap();
    assert_eq!(ended, Status::Exit(1));
    assert!(
        stderr.len() < 80 * 1_024,
        "{} bytes were kept of 1 GB",
        stderr.len()
    );
    assert!(stderr.contains("HTTP 503 at the end") && stderr.contains("bytes left out"));
}

#[tokio::test]
async fn an_endless_answer_is_refused_and_its_child_ended() {
    let transport = ProcessTransport::with_grace(ms(2_000));
    let error = run(&transport, &sh("yes")).await.unwrap_err();
    assert!(
        matches!(error, TransportError::TooLarge { .. }),
        "{error:?}"
    );
    timeout(ms(10_000), transport.settled())
        .await
        .expect("the child is ended");
}

#[tokio::test]
async fn a_stopped_attempt_leaves_no_process_of_its_group() {
    let (home, ready) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let ready = fifo(ready.path(), "ready");
    // A child, a grandchild that ignores SIGTERM and holds the pipes, and one that has let go of them.
    let script = format!(
        "cd {home}; echo $$ > child\n\
         (trap '' TERM; sh -c 'echo $$ > stubborn; exec sleep 600') &\n\
         (sh -c 'echo $$ > detached; exec sleep 600' >/dev/null 2>&1) &\n\
         until [ -s stubborn ] && [ -s detached ]; do :; done\n\
         echo ready > {ready}; wait",
        home = home.path().display(),
        ready = ready.display()
    );
    let transport = ProcessTransport::with_grace(ms(500));
    let call = sh(&script);
    {
        let mut sending = Box::pin(transport.send(&call, &Timeouts::COMMAND, &NETWORK));
        tokio::select! {
            reply = &mut sending => panic!("it hangs, it does not answer: {reply:?}"),
            _ = read_fifo(ready) => {}
        }
    }
    let started = Instant::now();
    timeout(ms(10_000), transport.settled())
        .await
        .expect("everything is ended and reaped");
    assert!(
        started.elapsed() < ms(5_000),
        "SIGKILL follows after the grace: {:?}",
        started.elapsed()
    );
    let pids = pids(home.path());
    assert_eq!(pids.len(), 3, "{pids:?}");
    let left: Vec<_> = pids.iter().filter(|pid| !is_gone(pid)).collect();
    assert!(left.is_empty(), "still alive: {left:?}");
}

#[tokio::test]
async fn a_descendant_with_time_to_clean_up_uses_it() {
    let home = tempfile::tempdir().unwrap();
    let ready = fifo(home.path(), "ready");
    // Ready is said by a process that has no trap left to lose a signal in, after its parent has set its own.
    let script = format!(
        "cd {}; (trap 'sleep 0.3; echo done > cleaned; exit' TERM; \
         sh -c 'echo ready > ready; exec sleep 600' & wait) & trap 'exit 0' TERM; wait",
        home.path().display()
    );
    let transport = ProcessTransport::with_grace(ms(10_000));
    let call = sh(&script);
    {
        let mut sending = Box::pin(transport.send(&call, &Timeouts::COMMAND, &NETWORK));
        tokio::select! {
            reply = &mut sending => panic!("it hangs, it does not answer: {reply:?}"),
            _ = read_fifo(ready) => {}
        }
    }
    let started = Instant::now();
    transport.settled().await;
    assert!(
        home.path().join("cleaned").exists(),
        "killed before it had cleaned up"
    );
    assert!(
        started.elapsed() < ms(8_000),
        "and nobody waited for the rest of the grace"
    );
}

#[tokio::test]
async fn an_answer_does_not_wait_for_a_grandchild_that_holds_the_pipe() {
    let transport = ProcessTransport::with_grace(ms(500));
    let started = Instant::now();
    let answer = run(&transport, &sh("sleep 600 & echo answer"))
        .await
        .unwrap();
    assert_eq!((answer.0, answer.1.as_str()), (Status::Exit(0), "answer\n"));
    assert!(started.elapsed() < ms(5_000), "{:?}", started.elapsed());
    timeout(ms(10_000), transport.settled())
        .await
        .expect("and the grandchild is ended");
}

#[test]
fn a_runtime_that_goes_down_takes_the_group_with_it() {
    let home = tempfile::tempdir().unwrap();
    let ready = fifo(home.path(), "ready");
    let script = format!(
        "cd {}; trap '' TERM; echo $$ > child; echo ready > ready; sleep 600",
        home.path().display()
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (transport, call) = (ProcessTransport::new(), sh(&script));
        tokio::select! {
            reply = transport.send(&call, &Timeouts::COMMAND, &NETWORK) => panic!("it hangs, it does not answer: {reply:?}"),
            _ = read_fifo(ready) => {}
        }
    });
    drop(runtime);
    let pid = fs::read_to_string(home.path().join("child")).unwrap();
    assert!(is_gone(&pid), "{pid} is still alive");
}
