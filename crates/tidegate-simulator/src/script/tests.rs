use super::*;

fn answer(text: &str) -> Answer {
    text.parse().unwrap()
}

fn refusal(text: &str) -> String {
    text.parse::<Answer>().unwrap_err().to_string()
}

#[test]
fn the_compact_form_names_answers_and_options() {
    let table = [
        ("ok", Answer::default()),
        ("200", Answer::default()),
        ("ok=Hello there", Answer::text("Hello there")),
        (
            "ok=\"One, two; three\",times=2",
            Answer::text("One, two; three").times(2),
        ),
        ("503", Answer::error(ErrorKind::Overloaded)),
        ("429", Answer::error(ErrorKind::RateLimit)),
        (
            "insufficient_quota",
            Answer::error(ErrorKind::InsufficientQuota),
        ),
        (
            "request-too-large",
            Answer::error(ErrorKind::RequestTooLarge),
        ),
    ];
    for (text, want) in table {
        assert_eq!(answer(text), want, "{text}");
    }
    assert_eq!(answer("418").reply, Reply::Status(418));
    assert_eq!(answer("reset").reply, Reply::Reset);
    assert_eq!(answer("hang, delay = 2s").delay, Duration::from_secs(2));
    assert_eq!(answer("cut=40").fault, Some(Fault::Cut(40)));
    assert_eq!(
        answer("ok,error=3:overloaded").fault,
        Some(Fault::Error(3, ErrorKind::Overloaded))
    );
    let limited = answer("429,retry-after=0.5,header=\"x-note: a, b\",retry-after-date=3s");
    assert_eq!(limited.headers[0].0, "retry-after");
    assert_eq!(limited.headers[1].1, "a, b");
    assert_eq!(limited.retry_after_date, Some(Duration::from_secs(3)));
}

#[test]
fn quotes_protect_separators_and_escapes_inside() {
    assert_eq!(
        answer(r#"ok="say \"hi\", \\ \n""#).text.unwrap(),
        "say \"hi\", \\ \n"
    );
    assert_eq!(answer(r#"500,body={"a":1}"#).body.unwrap(), r#"{"a":1}"#);
    assert_eq!(answer("ok=a=b").text.unwrap(), "a=b");
    assert_eq!(
        refusal("ok=\"open"),
        "a double quote is not closed in `ok=\"open`"
    );
}

#[test]
fn errors_name_the_bad_word_and_the_right_ones() {
    let unknown = refusal("okay");
    assert!(
        unknown.starts_with("unknown answer `okay`: ok, ok_error, empty, hang, reset"),
        "{unknown}"
    );
    assert!(unknown.contains("context_length_exceeded"), "{unknown}");
    let option = refusal("ok=Hello, world");
    assert!(
        option.starts_with("unknown option `world`: one of times, for, text,"),
        "{option}"
    );
    assert!(option.ends_with("stands in double quotes)"), "{option}");
    assert_eq!(refusal("ok,delay"), "`delay` needs a value: delay=...");
    assert_eq!(
        refusal("ok,delay=20"),
        "`delay` cannot be `20`: it needs a duration such as 200ms, 1.5s or 2m"
    );
    assert_eq!(
        refusal("ok,cut=x"),
        "`cut` cannot be `x`: it needs a whole number"
    );
    assert!(refusal("cut=1,stall=2").starts_with("`stall` is one too many"));
    assert!(refusal("503=text").starts_with("unknown answer `503`"));
    for bad in [
        "",
        "99",
        "600",
        "ok,no-done=1",
        "ok,header=x",
        "ok,error=1:what",
    ] {
        assert!(bad.parse::<Answer>().is_err(), "{bad}");
    }
}

#[test]
fn json_speaks_the_same_words() {
    let json = r#"{"answer": 429, "retry_after": 2, "delay": "1.5s", "no_done": true, "hold": false,
        "headers": {"x-should-retry": "false"}, "body": {"a": [1]}}"#;
    let read: Answer = serde_json::from_str(json).unwrap();
    let same = r#"429,retry-after=2,delay=1.5s,no-done,header=x-should-retry:false,body={"a":[1]}"#;
    let mut same = answer(same);
    same.headers.sort_by(|a, b| a.0.as_str().cmp(b.0.as_str()));
    assert_eq!(read, same);
    let text: Answer = serde_json::from_str("\"cut=3\"").unwrap();
    assert_eq!(text, answer("cut=3"));
}

#[test]
fn json_refuses_unknown_keys_and_wrong_values() {
    let refusal = |json| {
        serde_json::from_str::<Answer>(json)
            .unwrap_err()
            .to_string()
    };
    let unknown = refusal(r#"{"answer": "ok", "dealy": "1s"}"#);
    assert!(
        unknown.starts_with("unknown option `dealy`: one of times"),
        "{unknown}"
    );
    assert!(refusal(r#"{"delay": [1]}"#).starts_with("`delay` cannot be `[1]`"));
    assert!(refusal(r#"{"answer": "nope"}"#).starts_with("unknown answer `nope`"));
    assert!(refusal("7").contains("an answer: an object such as"));
}

#[test]
fn what_is_written_reads_back() {
    let texts = [
        "ok",
        "ok=\"a, b\",tokens=60,cut=40,times=3,token-delay=250us,first-token=2m",
        "429,retry-after=2,retry-after-date=30s,body=x,content-type=text/html",
        "error=5:slow_down,no-done,hold,ping=1s",
        "418,delay=1500us",
        "reset",
        "503,for=60s",
        "redirect=http://127.0.0.1:1/",
        "ok,model=m,finish=tools,opens-early",
        "goaway",
        "ok,size=5GB,drip=1s,gzip,length=-20,header-size=1000,close-after",
        "ok,bad-gzip,length=+7,stall=20:30s",
        "goaway=3",
        r#"ok,tool=a:{"x":1},tool="b:{\"y\":[1,2]}",reasoning=hm,cached=3,cache-written=4"#,
    ];
    for text in texts {
        let json = serde_json::to_string(&answer(text)).unwrap();
        let back: Answer = serde_json::from_str(&json).unwrap();
        assert_eq!(back, answer(text), "{json}");
    }
}

#[test]
fn a_script_is_a_list_and_its_errors_tell_the_place() {
    let answers = parse("503; 429,retry-after=1; ok=\"a; b\";").unwrap();
    assert_eq!(answers.len(), 3);
    assert_eq!(answers[2], Answer::text("a; b"));
    assert_eq!(parse(" ; ").unwrap(), []);
    let error = parse("503; what").unwrap_err().to_string();
    assert!(
        error.starts_with("answer 2 of the script: unknown answer `what`"),
        "{error}"
    );

    let file =
        "# a storm\n503; 503\n\n{\"answer\": \"reset\"}\n[\"hang\", {\"text\": \"x\"}]\nok\n";
    assert_eq!(parse_lines(file).unwrap().len(), 6);
    let error = parse_lines("ok\n\n{\"no\": 1}").unwrap_err().to_string();
    assert!(error.starts_with("line 3: unknown option `no`"), "{error}");
}

#[test]
fn an_answer_with_times_serves_that_many_requests() {
    let mut script = Script::default();
    script.extend(parse("503,times=2; ok").unwrap());
    assert_eq!(script.remaining(), 3);
    let mut replies =
        std::iter::from_fn(|| script.next(0, Duration::ZERO).map(|answer| answer.reply));
    assert_eq!(replies.next(), Some(Reply::Error(ErrorKind::Overloaded)));
    assert_eq!(replies.next(), Some(Reply::Error(ErrorKind::Overloaded)));
    assert_eq!(replies.next(), Some(Reply::Ok));
    assert_eq!(replies.next(), None);
}

#[test]
fn an_answer_that_lasts_serves_all_requests_from_the_first_until_its_time_is_over() {
    let mut script = Script::new(parse("503,for=60s; 429,for=1s; ok").unwrap(), false);
    let mut at = |seconds| {
        let answer = script.next(0, Duration::from_secs(seconds));
        answer.map(|answer| answer.reply)
    };
    let (down, limited) = (ErrorKind::Overloaded, ErrorKind::RateLimit);
    for seconds in [100, 130, 159] {
        assert_eq!(at(seconds), Some(Reply::Error(down)), "{seconds}");
    }
    assert_eq!(at(160), Some(Reply::Error(limited)), "the next one begins");
    assert_eq!(at(161), Some(Reply::Ok));
    assert_eq!(at(162), None);
}

#[test]
fn sizes_and_differences_say_what_they_need() {
    assert_eq!(answer("size=5GB").transfer.size, 5_000_000_000);
    assert_eq!(answer("size=64KB").transfer.size, 64_000);
    assert_eq!(
        refusal("size=big"),
        "`size` cannot be `big`: it needs a size such as 4096, 64KB or 5GB"
    );
    assert!(refusal("size=99999999999GB").contains("needs a size"));
    assert!(refusal("length=some").contains("needs a difference such as +100 or -20"));
    assert_eq!(
        refusal("gzip=yes"),
        "`gzip` cannot be `yes`: it needs no value"
    );
}
