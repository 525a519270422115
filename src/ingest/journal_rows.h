// A part of a journal of a bucket, read again from its objects.
#pragma once

#include "base/status.h"
#include "bucket/bucket.h"
#include "head/generation.h"

#include <cstdint>
#include <memory>
#include <string>

namespace logi::ingest {

enum class OnDamage { kFail, kSkip };

// The tenant's entries of (from, to] as a sealed generation. kUnavailable if objects of it are
// gone, as somebody has written them into segments. Asks the bucket, so from a task.
StatusOr<std::shared_ptr<head::Generation>> read_generation(bucket::Bucket& bucket,
                                                            const std::string& tenant,
                                                            std::uint64_t journal,
                                                            std::uint64_t from,
                                                            std::uint64_t to,
                                                            OnDamage on_damage);

// The last position up to `to` such that the tenant has nothing in (from, it], as far as objects
// are there: those that are gone are in segments by snapshots of before the call. What cannot be
// read may be the tenant's. Asks the bucket, so from a task.
StatusOr<std::uint64_t> empty_up_to(bucket::Bucket& bucket,
                                    const std::string& tenant,
                                    std::uint64_t journal,
                                    std::uint64_t from,
                                    std::uint64_t to);

}  // namespace logi::ingest
