// What a query may read, told apart by who may read it: a query over much is read in pieces by
// several readers, each of which keeps what it has read before.
#pragma once

#include "exec/visible_source.h"
#include "io/cancel.h"
#include "io/executor.h"
#include "query/query.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logi::query {

// A segment that every reader can open by its name.
struct StoredSegment {
    std::string key;  // in the bucket
    Timestamp min_time;
    Timestamp max_time;
    std::uint64_t size_bytes = 0;
};

// Whether streams have their tenant as a label (tenant_source.h).
enum class TenantLabel : std::uint8_t { kNone, kShown, kHidden };

// Stored segments of one tenant.
struct StoredPart {
    std::string tenant;
    TenantLabel label = TenantLabel::kNone;
    exec::Hiding hiding;
    std::vector<StoredSegment> segments;
};

// The readers that there are. Thread-safe.
class Readers {
  public:
    virtual ~Readers() = default;
    // Those that live, by how near the key is to them: the first has what it has read of it before.
    // "" is this process. Empty: there is no other.
    [[nodiscard]] virtual std::vector<std::string> for_key(std::string_view key) const = 0;
    // Has a reader answer a sub-plan (serve.h). `done` is called once, as a task: with the answer's
    // bytes, or with why there are none; soon after the token is cancelled.
    virtual void ask(const std::string& reader,
                     std::string sub_plan,
                     Duration timeout,
                     io::CancelToken cancel,
                     std::function<void(StatusOr<std::string>)> done) = 0;
};

struct SplitOptions {
    // A piece is about that much of what is stored: a second or so of reading, beside which a call
    // of a millisecond does not matter, and what is read twice where pieces meet does not either.
    std::uint64_t piece_bytes = 64ULL << 20U;
    // Of less no pieces are made: one reader has it before others have been asked.
    std::uint64_t split_bytes_min = 128ULL << 20U;
    std::uint64_t pieces_max = 256;
    // Of what is cut by streams one part in so many may be read twice. There are a power of two of
    // ranges, so where this is what bounds them it is a twenty-fourth, about.
    std::uint64_t open_share = 16;
    std::size_t calls_max = 16;  // under way, of one query
    // With no answer until then another reader is asked as well.
    Duration patience = Duration::seconds(10);
    Duration timeout = Duration::minutes(1);  // of a call
};

// A picture of a tenant, or of several, as ingest::Pinned has it.
struct Spread {
    exec::Sources here;  // what only this process can read
    std::vector<StoredPart> stored;
    // By part and segment: the same for this process.
    std::vector<exec::Sources> opened;
    std::shared_ptr<Readers> readers;  // null: there are no others
    SplitOptions options;

    [[nodiscard]] exec::Sources all() const;
};

// As run(), with the help of other readers where that is worth it. The answer is the same.
void run_spread(std::shared_ptr<io::Executor> executor,
                std::shared_ptr<const Spread> spread,
                Prepared query,
                const Limits& limits,
                io::CancelToken cancel,
                std::function<void(StatusOr<Result>)> done);

}  // namespace logi::query
