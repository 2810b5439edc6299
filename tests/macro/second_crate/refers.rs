//! A binary with the tasks of a library that it does nothing with but name it.

use my_tasks as _;

fn main() {
    for task in run_functions::__private::registered() {
        println!("{}", task.name());
    }
}
