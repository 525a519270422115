// Mistakes that a test plants in the code to see that it would find them. Nothing else sets one.
#pragma once

#include <atomic>

namespace logi::base {

enum class Planted {
    kNone,
    kAcknowledgeBeforePut,
    kAcknowledgeUnregistered,
    kCommitWithoutPrecondition,
    kTrustOwnPut,
    kNoSeal,
    kSealRemoved,
    kRegistryFromCache,
    kHeadAndSegment,
    kSnapshotBeforeJournals,
    kSweepWhatMayBeCommitted,
    kSweepAtOnce,
    kRemoveUnwrittenJournal,
    kDeleteForgetsJournals,
    kLaterJournalUnnamed,
    kDeleteDoesNotCut,
    kFlushWithoutTail,
    kBelieveClock,
    kCommitOfGoneJournal,
    kHeadWithGap,
    kJournalNotKept,
};

inline std::atomic<Planted> planted_mistake{Planted::kNone};

[[nodiscard]] inline bool planted(Planted mistake) {
    return planted_mistake.load(std::memory_order_relaxed) == mistake;
}

}  // namespace logi::base
