mod checker;
mod every_point;
mod faults;
mod make;
mod random;
mod requests;
mod sentences;
