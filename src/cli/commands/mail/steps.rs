//! How far an attempt has come, on the screen as it happens.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use crate::core::settings::{MailSettings, Tls, Transport};
use crate::mail::delivery_error::DeliveryStage;

/// Prints each step when it begins, and how it ended when it has.
#[derive(Clone)]
pub(super) struct Steps(Rc<RefCell<State>>);

struct State {
    tls: Option<Tls>,
    /// What is done with a mail program.
    program: &'static str,
    under_way: bool,
}

impl Steps {
    /// Makes those of an attempt to send a mail.
    pub(super) fn of_a_mail(mail: &MailSettings) -> Self {
        Steps::new(mail, DeliveryStage::Program.in_words())
    }

    /// Makes those of an attempt without a mail.
    pub(super) fn of_a_probe(mail: &MailSettings) -> Self {
        Steps::new(mail, "looking for the program")
    }

    fn new(mail: &MailSettings, program: &'static str) -> Self {
        let tls = match &mail.transport {
            Transport::Smtp(smtp) => Some(smtp.tls),
            _ => None,
        };
        Steps(Rc::new(RefCell::new(State {
            tls,
            program,
            under_way: false,
        })))
    }

    /// Returns what is to be told of each stage.
    pub(super) fn listener(&self) -> Box<dyn FnMut(DeliveryStage)> {
        let state = Rc::clone(&self.0);
        Box::new(move |stage| state.borrow_mut().reached(stage))
    }

    /// Prints that the last step has ended well, and what came of it.
    pub(super) fn succeeded(&self, result: &str) {
        self.0.borrow_mut().end("ok");
        say(&format!("  {result}\n"));
    }

    /// Prints that the last step has failed.
    pub(super) fn failed(&self) {
        self.0.borrow_mut().end("failed");
    }
}

impl State {
    fn reached(&mut self, stage: DeliveryStage) {
        self.end("ok");
        let with = match (stage, self.tls) {
            (DeliveryStage::Connect, Some(Tls::Implicit)) => ", with TLS from the first byte",
            (DeliveryStage::Connect, Some(Tls::None)) => ", without TLS",
            _ => "",
        };
        let words = match stage {
            DeliveryStage::Program => self.program,
            stage => stage.in_words(),
        };
        say(&format!("  {words}{with} … "));
        self.under_way = true;
    }

    fn end(&mut self, how: &str) {
        if std::mem::take(&mut self.under_way) {
            say(&format!("{how}\n"));
        }
    }
}

/// Prints at once. Who does not look any more misses nothing that the exit code does not tell.
pub(super) fn say(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
