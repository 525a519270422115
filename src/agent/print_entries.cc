#include "agent/print_entries.h"

#include "absl/strings/str_cat.h"
#include "base/rfc3339.h"

#include <unistd.h>

#include <cstdio>
#include <map>
#include <memory>

namespace logi::agent {
namespace {

// An entry as far as it is compared.
struct Seen {
    std::map<std::string, std::string> extracted;
    std::map<std::string, std::string> labels;
    std::map<std::string, std::string> metadata;
    std::string time;
    std::string line;
};

Seen look_at(const Entry& entry) {
    Seen seen;
    std::vector<std::pair<std::string_view, std::string_view>> extracted;
    entry.extracted.list(extracted);
    seen.extracted.insert(extracted.begin(), extracted.end());
    for (const LabelPair& pair : entry.labels.pairs()) {
        seen.labels[pair.name] = pair.value;
    }
    for (const LabelPair& pair : entry.metadata) {
        seen.metadata[pair.name] = pair.value;
    }
    seen.time = format_rfc3339(entry.time);
    seen.line = entry.line;
    return seen;
}

class Inspector {
  public:
    explicit Inspector(bool colours) : colours_(colours) {}

    void show(const std::string& stage, Verdict verdict, const Entry& entry) {
        std::string out = absl::StrCat("[inspect: ", stage, " stage]\n");
        if (verdict != Verdict::kPass) {
            absl::StrAppend(&out, verdict == Verdict::kDrop ? "dropped\n" : "held back\n");
        } else {
            const Seen now = look_at(entry);
            compare("extracted data", before_.extracted, now.extracted, out);
            compare("labels", before_.labels, now.labels, out);
            compare("structured metadata", before_.metadata, now.metadata, out);
            change("timestamp", before_.time, now.time, out);
            change("line", before_.line, now.line, out);
            before_ = now;
        }
        std::fputs(out.c_str(), stdout);
    }

  private:
    using Map = std::map<std::string, std::string>;
    [[nodiscard]] std::string coloured(const char* colour, const std::string& text) const {
        return colours_ ? absl::StrCat("\x1b[", colour, "m", text, "\x1b[0m") : text;
    }
    void change(const std::string& what,
                const std::string& before,
                const std::string& now,
                std::string& out) const {
        if (before != now) {
            absl::StrAppend(&out,
                            what,
                            ":\n",
                            coloured("31", "-" + before),
                            "\n",
                            coloured("32", "+" + now),
                            "\n");
        }
    }
    void compare(const std::string& what,
                 const Map& before,
                 const Map& now,
                 std::string& out) const {
        std::string changes;
        for (const auto& [name, value] : before) {
            const auto at = now.find(name);
            if (at == now.end() || at->second != value) {
                absl::StrAppend(&changes, coloured("31", "-" + name + ": " + value), "\n");
            }
        }
        for (const auto& [name, value] : now) {
            const auto at = before.find(name);
            if (at == before.end() || at->second != value) {
                absl::StrAppend(&changes, coloured("32", "+" + name + ": " + value), "\n");
            }
        }
        if (!changes.empty()) {
            absl::StrAppend(&out, what, ":\n", changes);
        }
    }

    const bool colours_;
    Seen before_;
};

}  // namespace

std::string entry_text(const Entry& entry) {
    return absl::StrCat(format_rfc3339(entry.time),
                        entry.labels.text(),
                        absl::string_view(entry.line.data(), entry.line.size()),
                        "\n");
}

Pipeline::Observer make_inspector() {
    return [inspector = std::make_shared<Inspector>(::isatty(STDOUT_FILENO) == 1)](
               const std::string& stage, Verdict verdict, const Entry& entry) {
        inspector->show(stage, verdict, entry);
    };
}

}  // namespace logi::agent
