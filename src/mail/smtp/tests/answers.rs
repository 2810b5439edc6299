//! What a server answers at each stage of the dialogue, and what is made of it.

use super::*;

#[test]
fn greetings_of_421_and_554_are_told_apart() {
    let busy = trouble(with(|s| {
        s.greeting = Act::SayAndClose("421 busy".to_owned())
    }));
    assert_eq!(busy.class, ErrorClass::Path);
    assert!(busy.words.contains("421 busy"), "{}", busy.words);
    let closed = trouble(with(|s| {
        s.greeting = Act::SayAndClose("554 go away".to_owned())
    }));
    assert_eq!(closed.class, ErrorClass::Setup);
    assert!(closed.words.contains("554 go away"), "{}", closed.words);
}

#[test]
fn silence_and_an_end_at_each_stage_are_named() {
    let stages: [(&str, Set, ErrorClass); 5] = [
        (
            "did not answer",
            |s, act| s.greeting = act,
            ErrorClass::Path,
        ),
        ("did not answer", |s, act| s.ehlo = act, ErrorClass::Path),
        (
            "naming the sender",
            |s, act| s.mail = act,
            ErrorClass::Temporary,
        ),
        (
            "asking to send",
            |s, act| s.data = act,
            ErrorClass::Temporary,
        ),
        (
            "waiting for the answer",
            |s, act| s.dot = act,
            ErrorClass::Unanswered,
        ),
    ];
    for (words, set, class) in stages {
        let silent = silence(words, with(|script| set(script, Act::Hang)));
        assert_eq!(silent.class, class, "{}", silent.words);
        assert!(silent.words.contains(words), "{}", silent.words);
        for end in [Act::Close, Act::Reset] {
            let closed = trouble(with(|script| set(script, end)));
            assert_eq!(closed.class, class, "{}", closed.words);
            assert!(
                closed.words.contains("closed the connection"),
                "{}",
                closed.words
            );
        }
    }
}

#[test]
fn answers_at_each_stage_are_judged() {
    let stages: [(Set, u16, ErrorClass); 9] = [
        (|s, act| s.ehlo = act, 502, ErrorClass::Setup),
        (|s, act| s.mail = act, 451, ErrorClass::Temporary),
        (|s, act| s.mail = act, 550, ErrorClass::Sender),
        (|s, act| s.data = act, 452, ErrorClass::Temporary),
        (|s, act| s.data = act, 554, ErrorClass::Content),
        (|s, act| s.dot = act, 452, ErrorClass::Temporary),
        (|s, act| s.dot = act, 552, ErrorClass::Content),
        (|s, act| s.dot = act, 554, ErrorClass::Content),
        (|s, act| s.dot = act, 421, ErrorClass::Temporary),
    ];
    for (set, code, class) in stages {
        let answer = say(&format!("{code} 5.0.0 because of it"));
        let trouble = trouble(with(|script| set(script, answer)));
        assert_eq!(trouble.class, class, "{}", trouble.words);
        assert!(trouble.words.contains("because of it"), "{}", trouble.words);
    }
}

#[test]
fn a_positive_answer_of_the_wrong_code_is_no_success() {
    let dot = trouble(with(|s| s.dot = say("354 go on")));
    assert_eq!(dot.class, ErrorClass::Unanswered);
    let data = trouble(with(|s| s.data = say("250 ok")));
    assert_eq!(data.class, ErrorClass::Temporary);
    let mail = trouble(with(|s| s.mail = say("354 go on")));
    assert_eq!(mail.class, ErrorClass::Temporary);
}

#[test]
fn answers_that_nobody_asked_for_never_become_success() {
    // Taken for the answers to RCPT, DATA and the message, these would make an accepted mail of one
    // that was never sent.
    let eager = "250 ok\r\n250 ok\r\n354 go\r\n250 queued";
    let (server, result, _) = attempt(with(|s| s.mail = say(eager)), PATIENCE);
    assert_eq!(result.unwrap_err().class, ErrorClass::Temporary);
    assert!(server.received().is_empty());
    let (_, result, _) = attempt(with(|s| s.data = say("354 go\r\n250 queued")), PATIENCE);
    assert_eq!(result.unwrap_err().class, ErrorClass::Temporary);
    let (_, result, _) = attempt(with(|s| s.greeting = say("220 a\r\n250 b")), PATIENCE);
    result.unwrap_err();
}

#[test]
fn garbage_with_nul_and_8_bit_is_no_answer() {
    let garbage = b"\0\xff\xfe\x80 no\0pe\r\n".to_vec();
    let at_once = trouble(with(|s| s.greeting = Act::Raw(garbage.clone())));
    assert_eq!(at_once.class, ErrorClass::Path);
    assert!(
        at_once.words.contains("does not speak SMTP"),
        "{}",
        at_once.words
    );
    let at_the_end = trouble(with(|s| s.dot = Act::Raw(garbage)));
    assert_eq!(at_the_end.class, ErrorClass::Unanswered);
}

#[test]
fn an_answer_without_an_end_hits_a_bound_at_each_stage() {
    let stages: [(u16, Set, ErrorClass); 5] = [
        (220, |s, act| s.greeting = act, ErrorClass::Path),
        (250, |s, act| s.ehlo = act, ErrorClass::Path),
        (250, |s, act| s.mail = act, ErrorClass::Temporary),
        (354, |s, act| s.data = act, ErrorClass::Temporary),
        (250, |s, act| s.dot = act, ErrorClass::Unanswered),
    ];
    for (code, set, class) in stages {
        for (endless, words) in endless(code) {
            let trouble = trouble(with(|script| set(script, endless)));
            assert_eq!(trouble.class, class, "{}", trouble.words);
            assert!(trouble.words.contains(words), "{}", trouble.words);
            assert!(trouble.words.contains("127.0.0.1:"), "{}", trouble.words);
        }
    }
}

/// Delivers a message to a server that does this in the middle of it: it is to be tried again.
fn broken_off(act: Act, timeout: Duration) -> Server {
    let server = Server::start(with(|s| s.body = Some((10, act))));
    let open = |limit| SmtpSession::open(&route(&server), limit, &mut |_| {});
    let mut session = in_time(timeout, open, Result::is_ok).unwrap();
    // Larger than all buffers between the two ends.
    let large = [b"x".repeat(70), b"\r\n".to_vec()].concat().repeat(400_000);
    let delivered = session.deliver(&header(&["ops@example.org"]), &large, &mut |_| {});
    assert!(!delivered.open);
    let DeliveryResult::Refused(trouble) = &delivered.fates[0] else {
        panic!("accepted")
    };
    assert_eq!(trouble.class, ErrorClass::Temporary, "{}", trouble.words);
    server
}

#[test]
fn a_connection_dropped_in_the_middle_of_the_message_is_no_unanswered_one() {
    for end in [Act::Close, Act::Reset] {
        broken_off(end, PATIENCE);
    }
}

#[test]
fn a_server_that_stops_reading_ends_the_attempt_and_the_message_did_not_arrive() {
    let server = broken_off(Act::Deaf, BRIEF);
    assert!(server.received().is_empty());
}
