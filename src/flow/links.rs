//! Which nodes of a list wait for which.

use super::definition::Group;

/// Returns for each node of a list the places of the nodes that must have ended before. A node
/// with `after` waits for those alone; in a sequence, one without waits for all before.
///
/// Names that the list does not have are left out.
pub(crate) fn needs(group: &Group) -> Vec<Vec<usize>> {
    let place = |name: &String| group.nodes.iter().position(|node| node.name() == name);
    // What stands before the last node that waits for all before is waited for by that one.
    let mut barrier = 0;
    let mut all = Vec::with_capacity(group.nodes.len());
    for (at, node) in group.nodes.iter().enumerate() {
        let after = node.after();
        if !after.is_empty() {
            all.push(after.iter().filter_map(place).collect());
        } else if group.parallel {
            all.push(Vec::new());
        } else {
            all.push((barrier..at).collect());
            barrier = at;
        }
    }
    all
}

/// Returns for each node of a list whether it waits, at the end of a chain, for each other one.
pub(crate) fn reachable(needs: &[Vec<usize>]) -> Vec<Vec<bool>> {
    (0..needs.len()).map(|from| reached(from, needs)).collect()
}

fn reached(from: usize, needs: &[Vec<usize>]) -> Vec<bool> {
    let mut found = vec![false; needs.len()];
    let mut next = needs[from].clone();
    while let Some(at) = next.pop() {
        if !std::mem::replace(&mut found[at], true) {
            next.extend(&needs[at]);
        }
    }
    found
}
