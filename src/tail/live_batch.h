// Entries that have passed a query as they came in, shared by all who follow that query.
#pragma once

#include "base/hash.h"
#include "base/mutex.h"
#include "query/query.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace logi::tail {

// How entries are written: by Loki's API, the same with labels by category, or by the older API.
enum class Form : std::uint8_t { kPlain, kCategorized, kLegacy };
inline constexpr std::size_t kForms = 3;

// The text of some rows, without what follows the list of them.
using Render = std::string (*)(const std::vector<query::LogRow>& rows, Form form);

// A batch is a frame: it has no more rows, nor more bytes unless a single row does.
inline constexpr std::size_t kBatchRowsMax = 100;
inline constexpr std::int64_t kBatchBytesMax = 1LL << 20U;

// Thread-safe.
class LiveBatch {
  public:
    LiveBatch(std::vector<query::LogRow> rows, Render render);

    [[nodiscard]] const std::vector<query::LogRow>& rows() const { return rows_; }
    // What it takes, roughly.
    [[nodiscard]] std::int64_t bytes() const { return bytes_; }
    // Made when it is asked for first.
    [[nodiscard]] std::shared_ptr<const std::string> text(Form form) const;

  private:
    const std::vector<query::LogRow> rows_;
    const Render render_;
    std::int64_t bytes_ = 0;
    mutable base::Mutex mutex_;
    mutable std::array<std::shared_ptr<const std::string>, kForms> texts_ LOGI_GUARDED_BY(mutex_);
};

// Cuts rows into batches, in their order.
class BatchMaker {
  public:
    explicit BatchMaker(Render render) : render_(render) {}
    // A batch, when the row has made one full.
    std::shared_ptr<const LiveBatch> add(query::LogRow row);
    // What is left, or null.
    std::shared_ptr<const LiveBatch> take();

  private:
    const Render render_;
    std::vector<query::LogRow> rows_;
    std::int64_t bytes_ = 0;
};

// Equal for equal entries.
[[nodiscard]] base::Hash128 key_of(const query::LogRow& row);

}  // namespace logi::tail
