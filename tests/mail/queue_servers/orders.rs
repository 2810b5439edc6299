//! 200 messages as programs drop them into the queue.

use std::fs;

use lettre::{FileTransport, Message, Transport};

use crate::support::Place;

/// How many messages there are.
pub(crate) const COUNT: usize = 200;

/// Makes a place whose mail goes to a server on this port, and whose tasks pause shortly.
pub(crate) fn place(port: u16) -> Place {
    Place::with(&format!(
        "[mail]\nto = [\"ops@example.org\"]\nfrom = \"runner@example.org\"\n\
         server = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n\
         [tasks.send_mail]\nsuccess_cooldown = \"50ms\"\nfail_cooldown = \"50ms\"\n\
         [tasks.retry_deferred]\nsuccess_cooldown = \"50ms\"\nfail_cooldown = \"50ms\"\n"
    ))
}

/// Drops them: one half by lettre's file transport with its envelopes, the other as plain files, with what mail servers stumble over.
pub(crate) fn drop_messages(place: &Place) {
    let queue = place.path("run/outbox/queue");
    fs::create_dir_all(&queue).unwrap();
    let transport = FileTransport::with_envelope(&queue);
    for number in 0..COUNT {
        if number % 2 == 0 {
            transport.send(&with_lettre(number)).unwrap();
        } else {
            // As a careful program does: a hidden name first.
            let hidden = queue.join(format!(".order-{number}"));
            fs::write(&hidden, plain(number)).unwrap();
            fs::rename(&hidden, queue.join(format!("order-{number}.eml"))).unwrap();
        }
    }
}

fn with_lettre(number: usize) -> Message {
    Message::builder()
        .from("Shop <shop@example.org>".parse().unwrap())
        .to(format!("customer{number}@example.org").parse().unwrap())
        .message_id(Some(format!("<order-{number}@example.org>")))
        .subject(format!("Order {number}, with thanks: Größe, 寸法"))
        .body(format!("Thank you, {number}.\n.\nFrom us all\n"))
        .unwrap()
}

fn plain(number: usize) -> String {
    format!(
        "From: shop@example.org\nTo: customer{number}@example.org\nSubject: Order {number}\n\
         Message-ID: <order-{number}@example.org>\nDate: Sat, 21 Nov 2026 10:46:00 +0100\n\n\
         Thank you, {number}.\n.\n..\n{}\n",
        "A long line. ".repeat(60)
    )
}
