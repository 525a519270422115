// Any text is safe as a template, with any labels; it writes no more than its limit, and reads only
// what it says that it reads. The input is the template, then labels as lines of name=value behind
// a zero byte.
#include "template/limits.h"
#include "template/template.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

class Entry final : public logi::tmpl::Context {
  public:
    Entry(const logi::tmpl::Template& tmpl, std::string_view labels) : tmpl_(tmpl) {
        while (!labels.empty()) {
            const std::string_view label = labels.substr(0, labels.find('\n'));
            labels.remove_prefix(std::min(label.size() + 1, labels.size()));
            const std::size_t equals = std::min(label.find('='), label.size());
            labels_.emplace(label.substr(0, equals),
                            label.substr(std::min(equals + 1, label.size())));
        }
    }

    std::optional<std::string_view> label(std::string_view name) const override {
        const auto& fields = tmpl_.fields();
        if (!tmpl_.reads_all_labels() &&
            std::find(fields.begin(), fields.end(), name) == fields.end()) {
            std::abort();
        }
        const auto it = labels_.find(name);
        return it == labels_.end() ? std::nullopt : std::optional<std::string_view>(it->second);
    }
    void all_labels(
        std::vector<std::pair<std::string_view, std::string_view>>& out) const override {
        if (!tmpl_.reads_all_labels()) {
            std::abort();
        }
        out.insert(out.end(), labels_.begin(), labels_.end());
    }
    std::string_view line() const override {
        if (!tmpl_.reads_line()) {
            std::abort();
        }
        return "level=info msg=\"a line\"";
    }
    logi::Timestamp time() const override { return {1'710'756'000'123'456'789}; }
    logi::Timestamp now() const override { return {1'720'000'000'000'000'000}; }

  private:
    const logi::tmpl::Template& tmpl_;
    std::map<std::string, std::string, std::less<>> labels_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::string_view text = input.substr(0, input.find('\0'));
    const std::string_view labels = input.substr(std::min(text.size() + 1, input.size()));
    const auto tmpl = logi::tmpl::Template::parse("line", text, logi::tmpl::logql_functions());
    if (!tmpl.ok()) {
        return 0;
    }
    std::string out = "before";
    const logi::Status status = (*tmpl)->execute(Entry(**tmpl, labels), out);
    const bool untouched = out == "before";
    if (out.size() > logi::tmpl::kOutputBytesMax + 6 || (!status.ok() && !untouched)) {
        std::abort();
    }
    return 0;
}
