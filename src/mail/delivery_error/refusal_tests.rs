use super::super::{DeliveryCause, DeliveryError, DeliveryStage, ErrorClass, judge};

fn at(stage: DeliveryStage, code: u16, text: &str) -> DeliveryError {
    let cause = DeliveryCause::Reply(code, text.to_owned());
    judge("mail.example.org:465", stage, &cause)
}

#[test]
fn only_5_1_x_is_about_the_address_of_the_recipient() {
    for text in [
        "5.1.1 <x@y>: Recipient address rejected: User unknown in local recipient table",
        "5.1.2 bad destination system",
        "5.1.3 bad syntax",
        "5.1.6 mailbox has moved",
        "5.1.10 null MX",
        "#5.1.1 bad address x@y",
    ] {
        let trouble = at(DeliveryStage::Recipient, 550, text);
        assert_eq!(trouble.class, ErrorClass::Recipient, "{text}");
        assert!(trouble.remedy.unwrap().contains("mail.to"), "{text}");
    }
}

#[test]
fn every_other_5xx_at_rcpt_is_kept_and_the_remedy_names_the_setting() {
    for (code, text, setting) in [
        (554, "5.7.1 <x@y>: Relay access denied", "mail.server"),
        (550, "5.7.1 Unable to relay", "mail.server"),
        (550, "relay not permitted", "mail.server"),
        (
            553,
            "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
            "mail.server",
        ),
        (
            504,
            "5.5.2 <vm>: Helo command rejected: need fully-qualified hostname",
            "mail.helo",
        ),
        (
            550,
            "5.7.1 <vm>: Helo command rejected: Host not found",
            "mail.helo",
        ),
        (530, "5.7.0 Authentication required", "mail.username"),
        (530, "no", "mail.username"),
        (530, "5.7.0 Must issue a STARTTLS command first", "mail.tls"),
        (
            550,
            "5.1.8 <a@b>: Sender address rejected: Domain not found",
            "mail.from",
        ),
        (550, "5.1.7 bad sender's mailbox address", "mail.from"),
        (
            550,
            "5.1.0 <a@b>: Sender address rejected: User unknown",
            "mail.from",
        ),
        (
            553,
            "5.7.1 <a@b>: Sender address rejected: not owned by user c",
            "mail.from",
        ),
        (
            554,
            "5.7.1 Service unavailable; Client host [192.0.2.1] blocked using x",
            "mail.server",
        ),
        (550, "no such user here", "mail.to"),
        (550, "5.2.1 mailbox disabled", "mail.to"),
        (503, "5.5.1 bad sequence", "mail.to"),
    ] {
        let trouble = at(DeliveryStage::Recipient, code, text);
        assert_eq!(trouble.class, ErrorClass::Relay, "{text}");
        let remedy = trouble.remedy.unwrap();
        assert!(remedy.contains(setting), "{text}: {remedy}");
    }
}

#[test]
fn a_refused_sender_is_not_always_about_the_sender() {
    for (code, text, class, setting) in [
        (
            530,
            "5.7.0 Authentication Required",
            ErrorClass::Sender,
            "mail.username",
        ),
        (
            530,
            "5.7.0 Must issue a STARTTLS command first",
            ErrorClass::Sender,
            "mail.tls",
        ),
        (503, "5.5.1 AUTH first", ErrorClass::Sender, "mail.username"),
        (
            552,
            "5.3.4 Message size exceeds fixed limit",
            ErrorClass::Content,
            "max_log_bytes",
        ),
        (552, "too big", ErrorClass::Content, "max_log_bytes"),
        (
            552,
            "5.2.2 quota exceeded",
            ErrorClass::Temporary,
            "mail.from",
        ),
        (
            550,
            "5.7.60 no permission to send as this sender",
            ErrorClass::Sender,
            "mail.from",
        ),
        (550, "no", ErrorClass::Sender, "mail.from"),
    ] {
        let trouble = at(DeliveryStage::Sender, code, text);
        assert_eq!(trouble.class, class, "{text}");
        let remedy = trouble.remedy.unwrap();
        assert!(remedy.contains(setting), "{text}: {remedy}");
    }
}

#[test]
fn a_refused_greeting_names_mail_helo_and_a_login_that_needs_tls_mail_tls() {
    let helo = at(
        DeliveryStage::Connect,
        504,
        "5.5.2 <vm>: Helo command rejected",
    );
    assert!(helo.remedy.unwrap().contains("mail.helo"));
    let tls = at(
        DeliveryStage::Login,
        530,
        "5.7.0 Must issue a STARTTLS command first",
    );
    assert!(tls.remedy.unwrap().contains("mail.tls"));
    let wrong = at(DeliveryStage::Login, 535, "5.7.8 authentication failed");
    assert_eq!(
        wrong.remedy.unwrap(),
        "check `mail.username` and its password"
    );
}
