//! A binary with the tasks of a library that it forgot to name.

fn main() {
    for task in run_functions::__private::registered() {
        println!("{}", task.name());
    }
}
