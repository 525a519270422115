// What a request to delete covers of journals, and is in no segment yet.
//
// A request names journals with how far each had come. It has passed one when all that the tenant
// has there up to that is in segments. Where processes share the bucket the tenant's position tells
// it, but only if the tenant has written to the journal behind that and was flushed; else the
// journal has gone; else its objects are looked at, which were all there when the request was made
// and do not change.
#pragma once

#include "ingest/store.h"

#include <cstdint>
#include <map>
#include <vector>

namespace logi::compact {

// Of one tenant, as it was when the bucket was asked.
class JournalsLeft {
  public:
    // For the requests of the tenant that are due. Asks a shared bucket, so from a task.
    static StatusOr<JournalsLeft> look(ingest::Store& store, ingest::Tenant& tenant);

    // Judged by a snapshot that was learnt afterwards: what has left the journals in between is in
    // its segments.
    [[nodiscard]] bool has_passed(const catalog::DeleteRequest& request,
                                  const catalog::Snapshot& snapshot) const;

  private:
    bool shared_ = false;
    std::uint64_t oldest_ = 0;               // of a process that has its bucket alone
    std::vector<std::uint64_t> registered_;  // where processes share it; sorted
    // Up to there a journal has nothing of the tenant that is not in segments.
    std::map<std::uint64_t, std::uint64_t> empty_to_;
};

}  // namespace logi::compact
