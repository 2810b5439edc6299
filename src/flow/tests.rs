mod faults;
mod make;
mod requests;
mod sentences;
