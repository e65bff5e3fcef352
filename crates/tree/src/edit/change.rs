//! Change points: every change as the steps that undo it.

use super::{Attributes, EditError, EditTree, ItemId};

/// A step that restores what was before; taking it gives the step back.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Objects leave the tree.
    Detach(Box<[u32]>),
    /// Objects come back: object, directory. In this order, which is not that of leaving.
    Attach(Box<[(u32, u32)]>),
    /// Attributes of an object.
    Set(u32, Box<Attributes>),
    /// Content of a file.
    Content(u32, u32),
    /// A file loses a stream.
    TakeStream(u32, u32),
    /// A file gets a stream.
    PutStream(u32, u32),
}

/// Steps since the lock, and where the changes among them end.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal {
    /// Changes before the first that can be undone.
    locked: u32,
    steps: Vec<Step>,
    /// Number of steps at the end of each change.
    changes: Vec<usize>,
}

impl Journal {
    pub(super) fn push(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// Adds a step to the last change, if there is one that can be undone.
    pub(super) fn push_behind(&mut self, step: Step) {
        if let Some(end) = self.changes.last_mut().filter(|end| **end == self.steps.len()) {
            self.steps.push(step);
            *end += 1;
        }
    }

    fn point(&self) -> u32 {
        self.locked.saturating_add(u32::try_from(self.changes.len()).unwrap_or(u32::MAX))
    }

    /// Steps up to the end of the last change.
    fn committed(&self) -> usize {
        self.changes.last().copied().unwrap_or(0)
    }
}

impl EditTree {
    /// Number of changes since the tree was made.
    #[doc(alias = "ChangePoint")]
    #[must_use]
    pub fn change_point(&self) -> u32 {
        self.journal.point()
    }

    /// Makes everything since the last call one change.
    pub fn commit(&mut self) {
        self.journal.changes.push(self.journal.steps.len());
    }

    /// Undoes everything since the last [`commit`](Self::commit).
    pub fn abort(&mut self) {
        let to = self.journal.committed();
        self.undo(to);
    }

    /// Restores the tree as it was at a change point. `check` may refuse the restored tree, which then is left as it was.
    ///
    /// # Errors
    /// [`EditError::NoChange`] for a point that lies ahead or before the lock; what `check` gives.
    #[doc(alias = "RollbackToChangePoint")]
    pub fn rollback<E: From<EditError>>(
        &mut self,
        to: u32,
        check: impl FnOnce(&Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.abort();
        let (first, last) = (self.journal.locked, self.journal.point());
        if !(first..=last).contains(&to) {
            return Err(EditError::NoChange { wanted: to, first, last }.into());
        }
        let keep = (to - first) as usize;
        let steps = keep.checked_sub(1).and_then(|n| self.journal.changes.get(n)).copied().unwrap_or(0);
        let undone = self.undo(steps);
        if let Err(refused) = check(self) {
            for step in undone.into_iter().rev() {
                let back = self.take(step);
                self.journal.push(back);
            }
            return Err(refused);
        }
        self.journal.changes.truncate(keep);
        Ok(())
    }

    /// Forgets how to go back to before now.
    #[doc(alias = "LockInChangePoint")]
    pub fn lock(&mut self) {
        let point = self.journal.point();
        self.journal = Journal { locked: point, ..Journal::default() };
    }

    /// Undoes steps, the last one first; what would redo them, in the order of undoing.
    pub(super) fn undo(&mut self, to: usize) -> Vec<Step> {
        let mut undone = Vec::new();
        while self.journal.steps.len() > to
            && let Some(step) = self.journal.steps.pop()
        {
            undone.push(self.take(step));
        }
        undone
    }

    /// Number of steps so far.
    pub(super) fn step_count(&self) -> usize {
        self.journal.steps.len()
    }

    fn take(&mut self, step: Step) -> Step {
        match step {
            Step::Detach(ids) => {
                let parent = |id: u32| self.objects.get(id as usize).map_or(super::NONE, |o| o.parent);
                let places = ids.iter().map(|id| (*id, parent(*id))).collect();
                for id in &ids {
                    self.unlink(*id);
                }
                Step::Attach(places)
            }
            Step::Attach(places) => {
                for (id, dir) in &places {
                    // The place is free: steps are taken in the reverse order of what they undo.
                    let free = self.link(*dir, *id).is_ok();
                    debug_assert!(free, "an object came back to a place that is taken");
                }
                Step::Detach(places.iter().map(|p| p.0).collect())
            }
            Step::Set(id, attributes) => {
                let before = self.swap_attributes(id, &attributes);
                Step::Set(id, Box::new(before))
            }
            Step::Content(id, content) => Step::Content(id, self.swap_content(id, content)),
            Step::TakeStream(file, stream) => {
                self.take_stream(file, ItemId(stream));
                Step::PutStream(file, stream)
            }
            Step::PutStream(file, stream) => {
                self.put_stream(file, ItemId(stream));
                Step::TakeStream(file, stream)
            }
        }
    }
}
