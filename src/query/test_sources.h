// Segments in memory, for tests.
#pragma once

#include "base/check.h"
#include "model/labels.h"
#include "segment/memory_file.h"
#include "segment/segment_writer.h"

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace logi::query {

struct TestEntry {
    Labels labels;
    std::int64_t ns = 0;
    std::string line;
    std::vector<LabelPair> metadata;  // sorted by name

    friend auto operator<=>(const TestEntry&, const TestEntry&) = default;
};

// A segment as older formats have it: without statistics, and without the bytes of extents. Of
// inexact ones not even their rows count.
class WithoutBytes final : public segment::Source {
  public:
    WithoutBytes(std::shared_ptr<const segment::SegmentReader> source, bool inexact)
        : source_(std::move(source)), inexact_(inexact) {}

    [[nodiscard]] StatusOr<segment::Selection> select(const std::vector<Matcher>& matchers,
                                                      Timestamp first,
                                                      Timestamp last) const override {
        LOGI_ASSIGN_OR_RETURN(segment::Selection found, source_->select(matchers, first, last));
        std::vector<segment::StreamExtent> extents(found.extents().begin(), found.extents().end());
        for (auto& e : extents) {
            e.line_bytes = 0;
            e.metadata_bytes = 0;
            e.has_bytes = false;
            e.exact = !inexact_;
        }
        return segment::Selection(
            *source_, std::make_shared<const Streams>(std::move(found)), std::move(extents));
    }

  private:
    // They tell no statistics.
    class Streams final : public segment::SelectedStreams {
      public:
        explicit Streams(segment::Selection of) : of_(std::move(of)) {}
        [[nodiscard]] Labels labels(std::uint32_t stream) const override {
            return of_.labels(stream);
        }
        [[nodiscard]] StreamId id(std::uint32_t stream) const override { return of_.id(stream); }

      private:
        const segment::Selection of_;
    };

    const std::shared_ptr<const segment::SegmentReader> source_;
    const bool inexact_;
};

class TestSegment {
  public:
    using SourcePtr = std::shared_ptr<const segment::Source>;

    // Equal entries are written once; their order of arrival is that of their lines.
    explicit TestSegment(std::vector<TestEntry> entries, std::size_t rows_per_block = SIZE_MAX) {
        std::sort(entries.begin(), entries.end());
        entries.erase(std::unique(entries.begin(), entries.end()), entries.end());
        std::vector<Labels> streams;
        std::vector<block::Row> rows;
        std::vector<std::vector<MetadataView>> metadata;
        metadata.reserve(entries.size());
        for (const auto& e : entries) {
            if (streams.empty() || streams.back() != e.labels) {
                streams.push_back(e.labels);
            }
            auto& pairs = metadata.emplace_back();
            for (const auto& pair : e.metadata) {
                pairs.push_back({pair.name, pair.value});
            }
            block::Row row;
            row.stream = static_cast<std::uint32_t>(streams.size() - 1);
            row.time = {e.ns};
            row.sequence = {1, rows.size() + 1, 0};
            row.line = e.line;
            row.metadata = pairs.data();
            row.metadata_count = static_cast<std::uint32_t>(pairs.size());
            rows.push_back(row);
        }
        segment::SegmentWriter writer(std::move(streams));
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (i > 0 && i % rows_per_block == 0) {
                writer.close_block();
            }
            writer.add(rows[i]);
        }
        bytes_ = writer.finish();
    }

    [[nodiscard]] SourcePtr source() const { return open(bytes_); }
    [[nodiscard]] std::uint64_t size_bytes() const { return bytes_.size(); }
    [[nodiscard]] SourcePtr without_bytes() const {
        return std::make_shared<WithoutBytes>(open(bytes_), false);
    }
    // The directory is whole, and so are statistics; every column is not.
    [[nodiscard]] SourcePtr with_damaged_columns() const {
        const auto reader = segment::open_in_memory(bytes_, "test");
        LOGI_CHECK(reader.ok());
        std::string bytes = bytes_;
        for (const auto& regions : (*reader)->root().regions) {
            for (const segment::Region& region : regions) {
                for (std::size_t i = 0; i < region.length; ++i) {
                    bytes[region.offset + i] = static_cast<char>(~bytes[region.offset + i]);
                }
            }
        }
        return open(bytes);
    }
    // Its rows have to be read.
    [[nodiscard]] SourcePtr without_statistics() const {
        return std::make_shared<WithoutBytes>(open(bytes_), true);
    }

  private:
    static std::shared_ptr<const segment::SegmentReader> open(const std::string& bytes) {
        auto reader = segment::open_in_memory(bytes, "test");
        LOGI_CHECK(reader.ok());
        return *reader;
    }
    std::string bytes_;
};

}  // namespace logi::query
