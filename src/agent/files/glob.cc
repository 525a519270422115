#include "agent/files/glob.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "io/growing_file.h"

#include <algorithm>
#include <filesystem>

namespace logi::agent {
namespace {

constexpr std::size_t kAlternativesMax = 1000;
constexpr std::size_t kDepthMax = 64;

Status unclosed(std::string_view pattern, const char* what) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the pattern '", absl::string_view(pattern.data(), pattern.size()), "' has ", what));
}

// {a,b{c,d}}e as ae, bce, bde.
Status expand_braces(std::string_view pattern, std::vector<std::string>& out) {
    const std::size_t open = pattern.find('{');
    if (open == std::string_view::npos) {
        out.emplace_back(pattern);
        return out.size() <= kAlternativesMax ? absl::OkStatus()
                                              : unclosed(pattern, "too many alternatives");
    }
    std::size_t depth = 0;
    std::size_t begin = open + 1;
    std::vector<std::string_view> options;
    for (std::size_t i = open; i < pattern.size(); ++i) {
        if (pattern[i] == '{') {
            ++depth;
        } else if (pattern[i] == ',' && depth == 1) {
            options.push_back(pattern.substr(begin, i - begin));
            begin = i + 1;
        } else if (pattern[i] == '}' && --depth == 0) {
            options.push_back(pattern.substr(begin, i - begin));
            for (const std::string_view option : options) {
                LOGI_RETURN_IF_ERROR(expand_braces(std::string(pattern.substr(0, open))
                                                       .append(option)
                                                       .append(pattern.substr(i + 1)),
                                                   out));
            }
            return absl::OkStatus();
        }
    }
    return unclosed(pattern, "a brace that is not closed");
}

// The class that begins behind '[' at `at`, which is moved behind its ']'.
bool in_class(std::string_view pattern, std::size_t& at, char c) {
    const bool negated = at < pattern.size() && (pattern[at] == '^' || pattern[at] == '!');
    at += negated ? 1 : 0;
    bool found = false;
    for (bool first = true; at < pattern.size() && (first || pattern[at] != ']'); first = false) {
        const char low = pattern[at++];
        char high = low;
        if (at + 1 < pattern.size() && pattern[at] == '-' && pattern[at + 1] != ']') {
            high = pattern[at + 1];
            at += 2;
        }
        found = found || (low <= c && c <= high);
    }
    ++at;
    return found != negated;
}

bool name_matches(std::string_view pattern, std::string_view name) {
    std::size_t p = 0;
    std::size_t n = 0;
    // Where to go on if what follows the last star does not fit.
    std::size_t star = std::string_view::npos;
    std::size_t star_name = 0;
    while (n < name.size() || p < pattern.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            star_name = n;
            continue;
        }
        if (p < pattern.size() && n < name.size()) {
            std::size_t next = p + 1;
            bool fits = pattern[p] == '?' || pattern[p] == name[n];
            if (pattern[p] == '[') {
                fits = in_class(pattern, next, name[n]);
            } else if (pattern[p] == '\\' && next < pattern.size()) {
                fits = pattern[next++] == name[n];
            }
            if (fits) {
                p = next;
                ++n;
                continue;
            }
        }
        if (star == std::string_view::npos || star_name >= name.size()) {
            return false;
        }
        p = star + 1;
        n = ++star_name;
    }
    return true;
}

bool has_magic(const std::string& part) {
    return part.find_first_of("*?[\\") != std::string::npos;
}

bool parts_match(absl::Span<const std::string> pattern, absl::Span<const std::string> path) {
    if (pattern.empty()) {
        return path.empty();
    }
    if (pattern[0] != "**") {
        return !path.empty() && name_matches(pattern[0], path[0]) &&
               parts_match(pattern.subspan(1), path.subspan(1));
    }
    for (std::size_t skipped = 0; skipped <= path.size(); ++skipped) {
        if (parts_match(pattern.subspan(1), path.subspan(skipped))) {
            return true;
        }
    }
    return false;
}

std::string joined(const std::string& dir, const std::string& name) {
    return dir.empty() ? name : dir == "/" ? "/" + name : dir + "/" + name;
}

class Finder {
  public:
    Finder(std::set<std::string>& files, std::set<std::string>& dirs)
        : files_(files), dirs_(dirs) {}

    void walk(const std::string& dir, absl::Span<const std::string> parts, std::size_t depth) {
        if (depth > kDepthMax) {
            return;
        }
        const std::string& part = parts[0];
        const auto rest = parts.subspan(1);
        if (part == "**") {
            if (!rest.empty()) {
                walk(dir, rest, depth);
            }
            for (const std::string& name : names_in(dir)) {
                take_deeper(joined(dir, name), parts, rest.empty(), depth);
            }
            return;
        }
        if (!has_magic(part)) {
            const std::string path = joined(dir, part);
            // A folder that is there is not expected to go: what comes and goes beside it is not
            // looked at.
            if (rest.empty() || !io::file_info(path).ok()) {
                dirs_.insert(dir.empty() ? "." : dir);
            }
            take(path, rest, depth);
            return;
        }
        for (const std::string& name : names_in(dir)) {
            if (name_matches(part, name)) {
                take(joined(dir, name), rest, depth);
            }
        }
    }

  private:
    void take(const std::string& path, absl::Span<const std::string> rest, std::size_t depth) {
        const auto info = io::file_info(path);
        if (!info.ok()) {
            return;
        }
        if (rest.empty() && info->regular) {
            files_.insert(path);
        } else if (!rest.empty() && info->directory) {
            walk(path, rest, depth + 1);
        }
    }

    // Below a "**": every folder once on the way, so that links in a circle end.
    void take_deeper(const std::string& path,
                     absl::Span<const std::string> parts,
                     bool takes_files,
                     std::size_t depth) {
        const auto info = io::file_info(path);
        if (!info.ok()) {
            return;
        }
        if (info->regular && takes_files) {
            files_.insert(path);
        } else if (info->directory && on_way_.insert(info->identity).second) {
            walk(path, parts, depth + 1);
            on_way_.erase(info->identity);
        }
    }

    // Also remembers the folder.
    std::vector<std::string> names_in(const std::string& dir) {
        const std::string& path = dir.empty() ? "." : dir;
        dirs_.insert(path);
        std::vector<std::string> names;
        std::error_code error;
        for (std::filesystem::directory_iterator it(path, error), end; !error && it != end;
             it.increment(error)) {
            names.push_back(it->path().filename().string());
        }
        return names;
    }

    std::set<std::string>& files_;
    std::set<std::string>& dirs_;
    std::set<io::FileIdentity> on_way_;
};

Status check_classes(std::string_view pattern) {
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == '[') {
            const std::size_t end = pattern.find(']', i + 2);
            if (end == std::string_view::npos) {
                return unclosed(pattern, "a bracket that is not closed");
            }
            i = end;
        }
    }
    return absl::OkStatus();
}

}  // namespace

StatusOr<Glob> Glob::parse(std::string_view pattern) {
    LOGI_RETURN_IF_ERROR(check_classes(pattern));
    std::vector<std::string> expanded;
    LOGI_RETURN_IF_ERROR(expand_braces(pattern, expanded));
    Glob glob;
    for (const std::string& each : expanded) {
        Parts parts = absl::StrSplit(each, '/');
        // One slash is as good as two; the first stays, as the root.
        for (std::size_t i = parts.size(); i-- > 1;) {
            if (parts[i].empty()) {
                parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i));
            }
        }
        glob.alternatives_.push_back(std::move(parts));
    }
    return glob;
}

bool Glob::matches(std::string_view path) const {
    const Parts parts = absl::StrSplit(absl::string_view(path.data(), path.size()), '/');
    return std::any_of(alternatives_.begin(), alternatives_.end(), [&](const Parts& alternative) {
        return parts_match(alternative, parts);
    });
}

std::vector<std::string> Glob::find(std::set<std::string>& dirs) const {
    std::set<std::string> files;
    for (const Parts& parts : alternatives_) {
        const bool absolute = parts[0].empty();
        const absl::Span<const std::string> all = parts;
        const auto names = all.subspan(absolute ? 1 : 0);
        if (!names.empty()) {
            Finder(files, dirs).walk(absolute ? "/" : "", names, 0);
        }
    }
    return {files.begin(), files.end()};
}

}  // namespace logi::agent
