use super::*;

const fn flag<T>(value: T) -> Sourced<T> {
    Sourced::new(value, Origin::Flag("--test"))
}

const fn seconds(seconds: u64) -> Sourced<Time> {
    flag(Time(Duration::from_secs(seconds)))
}

#[test]
fn nothing_chosen_is_the_default_policy_and_the_default_clocks() {
    let settings = Settings::default();
    assert_eq!(settings.retry_policy(), RetryPolicy::default());
    assert_eq!(settings.timeouts(Timeouts::HTTP), Timeouts::HTTP);
    assert_eq!(settings.timeouts(Timeouts::COMMAND), Timeouts::COMMAND);
    assert_eq!(settings.deadline(), Duration::from_secs(1800));
}

#[test]
fn a_chosen_base_delay_comes_without_jitter() {
    let settings = Settings {
        retry_base_delay: Some(seconds(2)),
        ..Settings::default()
    };
    let wanted = Backoff::exact(Duration::from_secs(2));
    assert_eq!(settings.retry_policy().backoff, wanted);
}

#[test]
fn jitter_that_was_chosen_stays_beside_a_chosen_base_delay() {
    let settings = Settings {
        retry_base_delay: Some(seconds(2)),
        retry_jitter: Some(flag(0.5)),
        ..Settings::default()
    };
    assert!((settings.retry_policy().backoff.jitter - 0.5).abs() < f64::EPSILON);
}

#[test]
fn a_longest_delay_that_nobody_chose_does_not_cut_a_base_delay_that_somebody_did() {
    let settings = Settings {
        retry_base_delay: Some(seconds(120)),
        ..Settings::default()
    };
    let delay = settings.retry_policy().backoff.delay(0, 0.0);
    assert_eq!(delay, Duration::from_secs(120));
}

#[test]
fn the_nearest_choice_wins_setting_by_setting() {
    let run = Settings {
        max_retries: Some(flag(1)),
        ..Settings::default()
    };
    let endpoint = Settings {
        max_retries: Some(flag(5)),
        timeout: Some(seconds(7)),
        ..Settings::default()
    };
    let both = run.or(&endpoint);
    assert_eq!(both.retry_policy().max_retries, 1);
    assert_eq!(both.timeout, Some(seconds(7)));
}

#[test]
fn the_clocks_of_a_command_follow_its_attempt() {
    let settings = Settings {
        timeout: Some(seconds(900)),
        ..Settings::default()
    };
    let clocks = settings.timeouts(Timeouts::COMMAND);
    assert_eq!(clocks.first_token, Duration::from_secs(900));
    assert_eq!(clocks.idle, Duration::from_secs(900));
    let clocks = settings.timeouts(Timeouts::HTTP);
    assert_eq!(clocks.first_token, Timeouts::HTTP.first_token);
}

#[test]
fn complete_settings_leave_only_limits_open_and_change_nothing() {
    let settings = Settings {
        retry_base_delay: Some(seconds(2)),
        idle_timeout: Some(seconds(9)),
        ..Settings::default()
    };
    let complete = settings.clone().complete(Timeouts::HTTP);
    let mut names = Vec::new();
    complete.spell(|name, _, _| names.push(name));
    let limits = Settings::NAMES.iter().position(|name| *name == "rpm");
    assert_eq!(names, Settings::NAMES[..limits.unwrap()]);
    assert_eq!(complete.retry_policy(), settings.retry_policy());
    let clocks = complete.timeouts(Timeouts::HTTP);
    assert_eq!(clocks, settings.timeouts(Timeouts::HTTP));
}
