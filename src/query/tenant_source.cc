#include "query/tenant_source.h"

#include "base/bytes.h"

namespace logi::query {
namespace {

constexpr const char* kOriginalLabel = "original___tenant_id__";

class TenantSource final : public segment::Source {
  public:
    TenantSource(std::shared_ptr<const segment::Source> source, std::string tenant, bool shown)
        : source_(std::move(source)), tenant_(std::move(tenant)), shown_(shown) {}

    [[nodiscard]] std::uint32_t stream_count() const override { return source_->stream_count(); }
    [[nodiscard]] Labels labels(std::uint32_t stream) const override {
        return shown_ ? labelled(stream) : source_->labels(stream);
    }
    [[nodiscard]] StreamId stream_id(std::uint32_t stream) const override {
        const StreamId id = source_->stream_id(stream);
        std::string key = tenant_;
        base::ByteWriter w(key);
        w.varint(id.high);
        w.varint(id.low);
        return base::hash128(key);
    }
    [[nodiscard]] absl::Span<const block::BlockStats> blocks() const override {
        return source_->blocks();
    }
    [[nodiscard]] absl::Span<const segment::StreamExtent> extents() const override {
        return source_->extents();
    }
    using Source::open_block;
    [[nodiscard]] StatusOr<std::unique_ptr<block::BlockReader>> open_block(
        std::uint32_t block, std::uint64_t* bytes_read) const override {
        return source_->open_block(block, bytes_read);
    }
    [[nodiscard]] StatusOr<std::shared_ptr<const segment::BlockStatistics>> statistics(
        std::uint32_t block) const override {
        return source_->statistics(block);
    }
    [[nodiscard]] bool in_memory() const override { return source_->in_memory(); }
    [[nodiscard]] std::string name() const override { return source_->name(); }
    [[nodiscard]] std::vector<std::uint32_t> select(
        const std::vector<Matcher>& matchers) const override {
        std::vector<Matcher> others;
        bool by_original = false;
        for (const auto& matcher : matchers) {
            if (matcher.name() != kTenantLabel) {
                others.push_back(matcher);
            } else if (!matcher.matches(tenant_)) {
                return {};
            }
            by_original = by_original || matcher.name() == kOriginalLabel;
        }
        std::vector<std::uint32_t> selected = source_->select(by_original ? none_ : others);
        if (by_original) {
            std::erase_if(selected, [&](std::uint32_t stream) {
                return !matches_all(others, labelled(stream));
            });
        }
        return selected;
    }

  private:
    [[nodiscard]] Labels labelled(std::uint32_t stream) const {
        auto pairs = source_->labels(stream).pairs();
        for (auto& pair : pairs) {
            if (pair.name == kTenantLabel) {
                pair.name = kOriginalLabel;
            }
        }
        pairs.push_back({kTenantLabel, tenant_});
        return Labels::from_pairs(std::move(pairs));
    }

    const std::shared_ptr<const segment::Source> source_;
    const std::string tenant_;
    const bool shown_;
    const std::vector<Matcher> none_;
};

}  // namespace

std::shared_ptr<const segment::Source> of_tenant(std::shared_ptr<const segment::Source> source,
                                                 const std::string& tenant,
                                                 bool shown) {
    return std::make_shared<const TenantSource>(std::move(source), tenant, shown);
}

}  // namespace logi::query
