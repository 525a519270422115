// How many bytes and entries the streams of a selector have, by group and window of time.
//
// An extent that lies in one window counts by what the directory tells, and a bucket of time that
// does by what statistics tell. Of others the times, the lengths of lines and the metadata are
// read; lines only of entries at times that two blocks of a stream have in common, because equal
// entries count once.
#pragma once

#include "base/status.h"
#include "exec/scan.h"
#include "io/cancel.h"
#include "io/executor.h"
#include "model/labels.h"
#include "model/matcher.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace logi::query {

struct SizeRequest {
    std::vector<Matcher> matchers;
    Timestamp first;  // included
    // Where the windows end, themselves included, ascending. Not empty.
    std::vector<Timestamp> lasts;
    // Appends the groups that a stream counts in, numbered from 0; a stream in none is left out.
    // Called once per stream of the time, before a block is read. An error ends the request.
    std::function<Status(const Labels& stream, std::vector<std::uint32_t>& groups)> groups_of;
};

struct StreamSizes {
    // Lines and, as block::MetadataSize counts it, metadata: of group g in window w at
    // g * windows + w.
    std::vector<std::uint64_t> bytes;
    std::uint64_t total_bytes = 0;  // each stream once, however many groups it is in
    std::uint64_t entries = 0;
    std::uint64_t streams = 0;  // with entries
    std::uint64_t extents = 0;  // that may have entries
    exec::ScanStats read;
    // Blocks that are damaged, one sentence each: their entries are not counted.
    std::vector<std::string> missing;
};

// Runs as tasks on the executor, which must outlive it; `done` is called once. kResourceExhausted:
// too many sums, or too many entries of overlapping blocks to compare; kCancelled.
void run_stream_sizes(io::Executor& executor,
                      exec::Sources sources,
                      SizeRequest request,
                      io::CancelToken cancel,
                      std::function<void(StatusOr<StreamSizes>)> done);

}  // namespace logi::query
