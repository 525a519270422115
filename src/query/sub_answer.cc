// Answers of sub-plans, to bytes and back.
#include "absl/strings/str_cat.h"
#include "query/checked_bytes.h"
#include "query/log_query.h"
#include "query/sub_plan.h"

#include <algorithm>
#include <map>

namespace logi::query {
namespace {

constexpr std::string_view kAnswerMagic = "LOGIPART";

// Each takes far more memory than the bytes that it may be told in. Of sentences that is more than
// anybody reads, of pairs more than a row has.
constexpr std::size_t kMissingMax = 1000;
constexpr std::uint64_t kPairsMax = 100'000;

// The last are rows with the ids of their streams; only to who has asked for a range of streams.
enum Kind : std::uint8_t { kError, kRows, kStates, kRowsWithIds };

Kind kind_of_rows(const StreamRange& streams) {
    return streams.has_all() ? kRows : kRowsWithIds;
}

std::string begin(Kind kind) {
    std::string out = begin_checked(kAnswerMagic, kSubPlanVersion);
    base::ByteWriter(out).u8(kind);
    return out;
}

template <typename Counts, typename Visit>
void for_each_count(Counts& c, Visit visit) {
    for (auto* counts : {&c.segments, &c.head}) {
        visit(counts->blocks);
        visit(counts->lines);
        visit(counts->line_bytes);
        visit(counts->stored_bytes);
        visit(counts->metadata_bytes);
        visit(counts->passed_lines);
        visit(counts->column_lines);
        visit(counts->counted_blocks);
    }
    visit(c.blocks_found);
    visit(c.duplicates);
}

void write(base::ByteWriter& w, const ReadNotes& notes) {
    for_each_count(notes.stats, [&](std::uint64_t count) { w.varint(count); });
    const std::size_t told = std::min(notes.missing.size(), kMissingMax);
    const std::size_t untold = notes.missing.size() - told;
    w.varint(told + (untold > 0 ? 1 : 0));
    for (std::size_t i = 0; i < told; ++i) {
        w.string(notes.missing[i]);
    }
    if (untold > 0) {
        w.string(absl::StrCat("what ", untold, " more sentences would say"));
    }
}

// So many of something, or a reader that is not ok.
std::uint64_t read_count(base::ByteReader& r, std::uint64_t count_max) {
    const std::uint64_t count = r.varint();
    if (count > count_max) {
        r.bytes(r.left() + 1);
    }
    return count;
}

void read(base::ByteReader& r, ReadNotes& notes) {
    for_each_count(notes.stats, [&](std::uint64_t& count) { count = r.varint(); });
    for (auto left = read_count(r, kMissingMax + 1); left > 0 && r.ok(); --left) {
        notes.missing.emplace_back(r.string());
    }
}

void write(base::ByteWriter& w, const std::vector<LabelPair>& pairs) {
    w.varint(pairs.size());
    for (const LabelPair& pair : pairs) {
        w.string(pair.name);
        w.string(pair.value);
    }
}

std::vector<LabelPair> read_pairs(base::ByteReader& r) {
    std::vector<LabelPair> pairs;
    for (auto left = read_count(r, kPairsMax); left > 0 && r.ok(); --left) {
        LabelPair& pair = pairs.emplace_back();
        pair.name = r.string();
        pair.value = r.string();
    }
    return pairs;
}

Status damaged() {
    return absl::DataLossError("a part of an answer is damaged");
}

// What the answer has behind its kind; the error if it is one.
StatusOr<base::ByteReader> open(std::string_view answer, Kind wanted) {
    LOGI_ASSIGN_OR_RETURN(base::ByteReader r,
                          open_checked(answer, kAnswerMagic, kSubPlanVersion, "part of an answer"));
    const std::uint8_t kind = r.u8();
    if (kind == kError) {
        const auto code = static_cast<absl::StatusCode>(r.u8());
        const std::string message(r.string());
        if (!r.ok() || !r.done() || code == absl::StatusCode::kOk) {
            return damaged();
        }
        return Status(code, message);
    }
    if (kind != wanted) {
        return damaged();
    }
    return r;
}

// Streams are told once.
class StreamTable {
  public:
    explicit StreamTable(const std::vector<LogRow>& rows) {
        for (const LogRow& row : rows) {
            if (numbers_.try_emplace(row.stream.get(), streams_.size()).second) {
                streams_.push_back(row.stream.get());
            }
        }
    }
    void write_to(base::ByteWriter& w) const {
        w.varint(streams_.size());
        for (const Labels* stream : streams_) {
            write(w, stream->pairs());
        }
    }
    [[nodiscard]] std::uint64_t number_of(const LogRow& row) const {
        return numbers_.at(row.stream.get());
    }

  private:
    std::map<const Labels*, std::uint64_t> numbers_;
    std::vector<const Labels*> streams_;
};

class RowsReader {
  public:
    RowsReader(base::ByteReader& r, const SubPlan& plan, exec::MemoryBudget& budget)
        : r_(r), plan_(plan), budget_(budget) {}

    Status read(std::vector<LogRow>& rows) {
        LOGI_RETURN_IF_ERROR(read_streams());
        const std::uint64_t count = r_.varint();
        if (count > plan_.limit) {
            return damaged();
        }
        for (std::uint64_t i = 0; i < count && r_.ok(); ++i) {
            LOGI_RETURN_IF_ERROR(read_row(rows));
        }
        return r_.ok() && r_.done() ? absl::OkStatus() : damaged();
    }
    [[nodiscard]] std::int64_t charged() const { return charged_; }

  private:
    Status charge(std::int64_t bytes) {
        charged_ += bytes;
        return budget_.charge(bytes);
    }

    Status read_streams() {
        for (std::uint64_t left = r_.varint(); left > 0 && r_.ok(); --left) {
            streams_.push_back(std::make_shared<const Labels>(Labels::of_result(read_pairs(r_))));
            std::size_t bytes = sizeof(Labels);
            for (const LabelPair& pair : streams_.back()->pairs()) {
                bytes += sizeof(LabelPair) + pair.name.size() + pair.value.size();
            }
            LOGI_RETURN_IF_ERROR(charge(static_cast<std::int64_t>(bytes)));
        }
        return absl::OkStatus();
    }

    Status read_row(std::vector<LogRow>& rows) {
        LogRow row;
        row.time = {r_.i64()};
        const std::uint64_t stream = r_.varint();
        if (!plan_.streams.has_all()) {
            row.id.high = r_.u64();
            row.id.low = r_.u64();
        }
        if (!r_.ok() || stream >= streams_.size() || row.time < plan_.first ||
            row.time > plan_.last ||
            (!rows.empty() && comes_before(row, rows.back(), plan_.forward))) {
            return damaged();
        }
        row.stream = streams_[stream];
        row.line = r_.string();
        row.metadata = read_pairs(r_);
        row.parsed = read_pairs(r_);
        rows.push_back(std::move(row));
        return charge(memory_bytes(rows.back()));
    }

    base::ByteReader& r_;
    const SubPlan& plan_;
    exec::MemoryBudget& budget_;
    std::vector<std::shared_ptr<const Labels>> streams_;
    std::int64_t charged_ = 0;
};

}  // namespace

std::string encode_error(const Status& error) {
    std::string out = begin(kError);
    base::ByteWriter w(out);
    w.u8(static_cast<std::uint8_t>(error.code()));
    w.string(message_of(error));
    end_checked(out);
    return out;
}

std::string encode_rows(const std::vector<LogRow>& rows,
                        const ReadNotes& notes,
                        const StreamRange& range) {
    std::string out = begin(kind_of_rows(range));
    base::ByteWriter w(out);
    write(w, notes);
    const StreamTable streams(rows);
    streams.write_to(w);
    w.varint(rows.size());
    for (const LogRow& row : rows) {
        w.i64(row.time.ns);
        w.varint(streams.number_of(row));
        if (!range.has_all()) {
            w.u64(row.id.high);
            w.u64(row.id.low);
        }
        w.string(row.line);
        write(w, row.metadata);
        write(w, row.parsed);
    }
    end_checked(out);
    return out;
}

std::string encode_states(std::string_view written, const ReadNotes& notes) {
    std::string out = begin(kStates);
    base::ByteWriter w(out);
    write(w, notes);
    w.bytes(written);
    end_checked(out);
    return out;
}

StatusOr<std::vector<LogRow>> decode_rows(std::string_view answer,
                                          const SubPlan& plan,
                                          exec::MemoryBudget& budget,
                                          ReadNotes& notes) {
    LOGI_ASSIGN_OR_RETURN(base::ByteReader r, open(answer, kind_of_rows(plan.streams)));
    ReadNotes got;
    read(r, got);
    std::vector<LogRow> rows;
    RowsReader reader(r, plan, budget);
    if (const Status s = reader.read(rows); !s.ok()) {
        budget.give_back(reader.charged());
        return s;
    }
    notes += got;
    return rows;
}

Status merge_states(std::string_view answer, RangePass& pass, ReadNotes& notes) {
    LOGI_ASSIGN_OR_RETURN(base::ByteReader r, open(answer, kStates));
    ReadNotes got;
    read(r, got);
    if (!r.ok()) {
        return damaged();
    }
    LOGI_RETURN_IF_ERROR(pass.merge_written(r));
    notes += got;
    return absl::OkStatus();
}

}  // namespace logi::query
