//! What a task makes once and uses in each run, such as a pool of connections.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use once_cell::sync::OnceCell;

/// A value of any type.
type AnyResource = Arc<dyn Any + Send + Sync>;

/// Resources by their types.
#[derive(Debug, Default)]
pub(super) struct Resources(Mutex<Option<HashMap<TypeId, Arc<OnceCell<AnyResource>>>>>);

impl Resources {
    /// Creates an empty set.
    pub(super) const fn new() -> Self {
        Resources(Mutex::new(None))
    }

    /// Returns the resource of a type, which is created unless it is there. While one thread
    /// creates it, others wait; one that creates a resource may ask for those of other types.
    pub(super) fn get<T, E>(&self, create: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E>
    where
        T: Send + Sync + 'static,
    {
        let cell = self.cell(TypeId::of::<T>());
        let made = cell.get_or_try_init(|| create().map(|made| Arc::new(made) as AnyResource))?;
        let made = Arc::clone(made).downcast::<T>();
        Ok(made.unwrap_or_else(|_| unreachable!("it is kept by its type")))
    }

    /// Forgets the resource of a type.
    pub(super) fn forget<T: 'static>(&self) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let forgotten = all.as_mut().and_then(|all| all.remove(&TypeId::of::<T>()));
        drop(all);
        // Its destructor may ask for another one.
        drop(forgotten);
    }

    fn cell(&self, of: TypeId) -> Arc<OnceCell<AnyResource>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all = all.get_or_insert_default();
        Arc::clone(all.entry(of).or_default())
    }
}
