#include "tail/live_batch.h"

#include "base/bytes.h"
#include "query/log_query.h"

namespace logi::tail {

LiveBatch::LiveBatch(std::vector<query::LogRow> rows, Render render)
    : rows_(std::move(rows)), render_(render) {
    for (const auto& row : rows_) {
        bytes_ += query::memory_bytes(row);
    }
}

std::shared_ptr<const std::string> LiveBatch::text(Form form) const {
    const base::MutexLock lock(mutex_);
    auto& text = texts_.at(static_cast<std::size_t>(form));
    if (text == nullptr) {
        text = std::make_shared<const std::string>(render_(rows_, form));
    }
    return text;
}

std::shared_ptr<const LiveBatch> BatchMaker::add(query::LogRow row) {
    bytes_ += query::memory_bytes(row);
    rows_.push_back(std::move(row));
    return rows_.size() < kBatchRowsMax && bytes_ < kBatchBytesMax ? nullptr : take();
}

std::shared_ptr<const LiveBatch> BatchMaker::take() {
    bytes_ = 0;
    return rows_.empty() ? nullptr
                         : std::make_shared<const LiveBatch>(std::exchange(rows_, {}), render_);
}

base::Hash128 key_of(const query::LogRow& row) {
    std::string key;
    base::ByteWriter w(key);
    w.zigzag(row.time.ns);
    w.string(row.stream->to_string());
    w.string(row.line);
    for (const auto* pairs : {&row.metadata, &row.parsed}) {
        w.varint(pairs->size());
        for (const auto& pair : *pairs) {
            w.string(pair.name);
            w.string(pair.value);
        }
    }
    return base::hash128(key);
}

}  // namespace logi::tail
