#include "random_cases.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "model/labels.h"

#include <algorithm>
#include <cstdio>
#include <random>

namespace logi::reference {
namespace {

std::string readable(const LabelMap& labels) {
    std::string out;
    for (const auto& [name, value] : labels) {
        absl::StrAppend(&out, out.empty() ? "" : ", ", name, "=", go_quote(value));
    }
    return absl::StrCat("{", out, "}");
}

}  // namespace

void shrink(Case& c, const std::function<bool(const Case&)>& differs) {
    for (std::size_t part = c.entries.size(); part > 0; part /= 2) {
        for (std::size_t at = 0; at < c.entries.size();) {
            Case smaller = c;
            const auto begin = smaller.entries.begin() + static_cast<std::ptrdiff_t>(at);
            const std::size_t count = std::min(part, c.entries.size() - at);
            smaller.entries.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
            if (differs(smaller)) {
                c = std::move(smaller);
            } else {
                at += part;
            }
        }
    }
}

void print(const Case& c, const std::string& found) {
    const Request& r = c.query.request;
    std::printf("FAILED --seed %llu --count 1\n  %s\n",
                static_cast<unsigned long long>(c.seed),
                c.query.text.c_str());
    std::printf("  start %lld end %lld step %.3f s%s%s%s limit %zu interval %.3f s\n",
                static_cast<long long>(r.start.ns),
                static_cast<long long>(r.end.ns),
                static_cast<double>(r.step.ns) / 1e9,
                r.instant ? " instant" : "",
                r.align_to_step ? " aligned" : "",
                r.forward ? " forward" : "",
                r.limit,
                static_cast<double>(r.interval.ns) / 1e9);
    for (const Entry& e : c.entries) {
        std::printf("    %lld %s %s %s\n",
                    static_cast<long long>(e.time.ns),
                    readable(e.stream).c_str(),
                    go_quote(e.line).c_str(),
                    readable(e.metadata).c_str());
    }
    std::printf("  %s\n", found.c_str());
}

std::optional<Arguments> read_arguments(int argc, char** argv, std::size_t count) {
    Arguments out;
    out.count = count;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string name = argv[i];
        const std::string value = argv[i + 1];
        if (name == "--query") {
            out.query = value;
        } else if (name == "--seed" && value == "random") {
            out.seed = std::random_device()();
        } else if (!(name == "--seed" && absl::SimpleAtoi(value, &out.seed)) &&
                   !(name == "--count" && absl::SimpleAtoi(value, &out.count))) {
            std::printf("usage: %s [--seed N|random] [--count M] [--query Q]\n", argv[0]);
            return std::nullopt;
        }
    }
    return out;
}

}  // namespace logi::reference
