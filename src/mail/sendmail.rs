//! A local mail program: it takes the message on standard input and the recipients as arguments.
//!
//! It runs inside the worker, who is killed with it at the deadline. It may be missing, noisy, or
//! leave a daemon behind that holds its output open: what it prints is read on the side, the first
//! 4 KiB kept, and its exit is what ends the wait.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use nix::sys::memfd::{MFdFlags, memfd_create};

use super::address;
use super::delivery_error::{
    DeliveryCause, DeliveryError, DeliveryStage, ErrorClass, judge, judge_exit,
};
use super::wire::{DeliveryResult, Header};

const MOST_OUTPUT: usize = 4096;
/// How long output may still come after the program has ended.
const AFTERMATH: Duration = Duration::from_millis(100);

/// Hands one message over. Returns one fate for each recipient: the program answers for all of them
/// at once.
pub(crate) fn deliver(program: &Path, header: &Header, message: &[u8]) -> Vec<DeliveryResult> {
    let fate = match run(program, header, message) {
        Ok(()) => DeliveryResult::Accepted(format!("taken by {}", program.display())),
        Err(trouble) => DeliveryResult::Refused(trouble),
    };
    vec![fate; header.to.len()]
}

/// Checks that the program is there and may be run, without running it.
///
/// # Errors
///
/// Why not, classified.
pub(crate) fn find(program: &Path) -> Result<(), DeliveryError> {
    const ANY_X: u32 = 0o111;
    let cause = match program.metadata() {
        Ok(meta) if meta.is_file() && meta.permissions().mode() & ANY_X != 0 => return Ok(()),
        Ok(_) => DeliveryCause::Io(io::ErrorKind::PermissionDenied, String::new()),
        Err(error) => DeliveryCause::Io(error.kind(), error.to_string()),
    };
    Err(judge(
        &program.display().to_string(),
        DeliveryStage::Program,
        &cause,
    ))
}

fn run(program: &Path, header: &Header, message: &[u8]) -> Result<(), DeliveryError> {
    let name = program.display().to_string();
    let failed = |error: &io::Error| {
        let cause = DeliveryCause::Io(error.kind(), error.to_string());
        judge(&name, DeliveryStage::Program, &cause)
    };
    // Programs on this machine want the line ends of this machine.
    let message = unix_lines(message);
    let mut input = in_memory(&message).map_err(|error| failed(&error))?;
    let mut child = spawn(program, header, &input).map_err(|error| failed(&error))?;
    let output = listen(&mut child);
    let status = child.wait().map_err(|error| failed(&error))?;
    let said = output.end();
    if let Some(number) = status.signal() {
        let signal = crate::core::failure::signal_name(number);
        let words = format!("the mail program `{name}` was killed by {signal}");
        return Err(DeliveryError::new(ErrorClass::Path, words));
    }
    if let Some(trouble) = judge_exit(&name, status.code().unwrap_or(70), &said) {
        return Err(trouble);
    }
    // The program has read as far as the place that it shares with us.
    let read = input.stream_position().map_err(|error| failed(&error))?;
    if read < message.len() as u64 {
        let words = format!("the mail program `{name}` ended before it had read the message");
        return Err(DeliveryError::new(ErrorClass::Path, words));
    }
    Ok(())
}

/// Returns a file that is nowhere on the disk, to be read from its beginning. Of a pipe nobody
/// could say how much of it was read.
fn in_memory(message: &[u8]) -> io::Result<File> {
    let mut file = File::from(memfd_create(c"mail", MFdFlags::MFD_CLOEXEC)?);
    file.write_all(message)?;
    file.rewind()?;
    Ok(file)
}

fn spawn(program: &Path, header: &Header, input: &File) -> io::Result<Child> {
    let (reader, writer) = io::pipe()?;
    let mut command = Command::new(program);
    command.arg("-i").arg("-f");
    let from = header.from.as_deref().map(address::ascii);
    command.arg(from.as_deref().unwrap_or("<>"));
    command
        .arg("--")
        .args(header.to.iter().map(|to| address::ascii(to)));
    command.stdin(input.try_clone()?);
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn()?;
    child.stdout = Some(std::process::ChildStdout::from(std::os::fd::OwnedFd::from(
        reader,
    )));
    Ok(child)
}

/// The beginning of what a program prints, collected on the side.
struct ProgramOutput {
    kept: Arc<Mutex<Vec<u8>>>,
    ended: mpsc::Receiver<()>,
}

fn listen(child: &mut Child) -> ProgramOutput {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let (tell, ended) = mpsc::channel();
    let reader = child.stdout.take();
    let store = Arc::clone(&kept);
    thread::spawn(move || {
        let mut buffer = [0; 8192];
        let mut reader = reader;
        while let Some(count) = reader
            .as_mut()
            .and_then(|reader| reader.read(&mut buffer).ok())
        {
            if count == 0 {
                break;
            }
            let mut store = store.lock().unwrap_or_else(|broken| broken.into_inner());
            let room = MOST_OUTPUT.saturating_sub(store.len());
            store.extend_from_slice(&buffer[..count.min(room)]);
        }
        // Nobody listens any more if the wait below was over.
        let _ = tell.send(());
    });
    ProgramOutput { kept, ended }
}

impl ProgramOutput {
    fn end(self) -> String {
        // A daemon that it left behind may hold the pipe for ever: what is there by now is enough.
        let _ = self.ended.recv_timeout(AFTERMATH);
        let kept = self
            .kept
            .lock()
            .unwrap_or_else(|broken| broken.into_inner());
        String::from_utf8_lossy(&kept).into_owned()
    }
}

fn unix_lines(message: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(message.len());
    let mut bytes = message.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\r' || bytes.peek() != Some(&b'\n') {
            lines.push(byte);
        }
    }
    lines
}
