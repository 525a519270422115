// drop and keep.
#include "exec/stage.h"

#include <algorithm>

namespace logi::exec {
namespace {

bool matches(const logql::NameOrMatcher& item, const EntryLabels& labels) {
    return !item.matcher.has_value() || item.matcher->matches(labels.get(item.name).value_or(""));
}

class Drop final : public Stage {
  public:
    explicit Drop(std::vector<logql::NameOrMatcher> items) : items_(std::move(items)) {}
    bool process(Entry& entry) const override {
        for (const auto& item : items_) {
            if (matches(item, entry.labels)) {
                entry.labels.erase(item.name);
            }
        }
        return true;
    }
    [[nodiscard]] bool reads_line() const override { return false; }

  private:
    const std::vector<logql::NameOrMatcher> items_;
};

class Keep final : public Stage {
  public:
    explicit Keep(std::vector<logql::NameOrMatcher> items) : items_(std::move(items)) {}
    bool process(Entry& entry) const override {
        std::vector<MetadataView> labels;
        entry.labels.sorted(labels);
        for (const auto& label : labels) {
            if (!is_kept(label.name, entry.labels)) {
                entry.labels.erase(label.name);
            }
        }
        return true;
    }
    [[nodiscard]] bool reads_line() const override { return false; }

  private:
    [[nodiscard]] bool is_kept(std::string_view name, const EntryLabels& labels) const {
        if (name == kErrorLabel || name == kErrorDetailsLabel || name == kPreserveErrorLabel) {
            return true;
        }
        return std::any_of(items_.begin(), items_.end(), [&](const auto& item) {
            return item.name == name && matches(item, labels);
        });
    }

    const std::vector<logql::NameOrMatcher> items_;
};

}  // namespace

StagePtr make_drop(const logql::DropStage& stage) {
    return std::make_unique<Drop>(stage.items);
}

StagePtr make_keep(const logql::KeepStage& stage) {
    return std::make_unique<Keep>(stage.items);
}

}  // namespace logi::exec
