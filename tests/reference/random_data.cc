#include "random_data.h"

#include "absl/strings/str_cat.h"
#include "model/labels.h"

#include <algorithm>

namespace logi::reference {

std::string random_value(Dice& dice, const std::string& name) {
    if (name == "level" || name == "detected_level") {
        return dice.pick({"info", "warn", "error", "info"});
    }
    if (name == "status") {
        return dice.pick({"200", "204", "404", "500", "500", "abc", "", "-1"});
    }
    if (name == "dur") {
        return dice.pick({"10ms", "1.5s", "2m", "250us", "-3s", "1h2m", "bogus", "1d", "0"});
    }
    if (name == "size") {
        return dice.pick({"10kB", "1KiB", "5", "1.5MB", "12 kb", "zz", "0B", "1,024"});
    }
    if (name == "n") {
        return dice.pick({"1", "2", "-2.5", "3e2", "1_000", "0.25", "+5", "0x1p4", "7", "40"});
    }
    if (name == "odd") {
        return dice.pick({"NaN", "+Inf", "-Inf", "inf", "1e3", "x", "", "-0", "1"});
    }
    if (name == "ip") {
        return dice.pick({"10.0.0.1", "10.0.0.2:80", "192.168.1.7", "::1", "fe80::1", "none"});
    }
    if (name == "msg") {
        return dice.pick({"hello world", "a \"q\"", "GET /x", "", "foo", "xfoobar", "über", "a=b"});
    }
    return dice.pick({"alice", "bob", "x", "y", "1"});
}

namespace {

const std::vector<std::string> kFields = {
    "level", "status", "dur", "size", "n", "odd", "ip", "msg", "user", "app", "trace"};

std::string json_value(Dice& dice, const std::string& name) {
    const std::string value = random_value(dice, name);
    switch (dice.below(10)) {
        case 0:
            return dice.pick({"null", "true", "[1,2]", "{}", "[]"});
        case 1:
            return dice.pick({"1", "-2.5", "3e2", "0", "007"});
        default:
            return go_quote(value);
    }
}

std::size_t fields_of_a_line(Dice& dice) {
    return dice.percent(80) ? 3 + dice.below(9) : dice.below(4);
}

std::string json_object(Dice& dice, int depth) {
    std::string out = "{";
    const std::size_t count = fields_of_a_line(dice);
    for (std::size_t i = 0; i < count; ++i) {
        const std::string name = dice.pick(kFields);
        if (i > 0) {
            out += dice.percent(20) ? ", " : ",";
        }
        if (depth < 2 && dice.percent(15)) {
            absl::StrAppend(&out, "\"", dice.pick({"req", "a.b", "1x", "app"}), "\":");
            out += json_object(dice, depth + 1);
        } else {
            absl::StrAppend(&out, "\"", name, "\":", json_value(dice, name));
        }
    }
    return out + "}";
}

std::string logfmt(Dice& dice) {
    std::string out;
    const std::size_t count = fields_of_a_line(dice);
    for (std::size_t i = 0; i < count; ++i) {
        const std::string name = dice.pick(kFields);
        const std::string value = random_value(dice, name);
        if (!out.empty()) {
            out += ' ';
        }
        if (dice.percent(6)) {
            out += dice.pick({"bare", "a=b=c", "=v", "k=\"open", "x=", "my.key=1", "\"q\"=1"});
        } else if (value.find_first_of(" \"=") != std::string::npos || dice.percent(20)) {
            absl::StrAppend(&out, name, "=", go_quote(value));
        } else {
            absl::StrAppend(&out, name, "=", value);
        }
    }
    return out;
}

std::string plain(Dice& dice) {
    return absl::StrCat(random_value(dice, "ip"),
                        " ",
                        dice.pick({"GET", "POST", "get"}),
                        " /",
                        random_value(dice, "user"),
                        "?x=1 ",
                        random_value(dice, "status"),
                        " took ",
                        random_value(dice, "dur"));
}

std::string packed(Dice& dice) {
    return absl::StrCat("{\"user\":\"",
                        random_value(dice, "user"),
                        "\",\"level\":\"",
                        random_value(dice, "level"),
                        dice.percent(80) ? "\",\"_entry\":" : "\",\"entry\":",
                        go_quote(dice.percent(50) ? logfmt(dice) : plain(dice)),
                        "}");
}

std::string binary(Dice& dice) {
    std::string out;
    for (std::size_t i = dice.below(20); i > 0; --i) {
        out += static_cast<char>(dice.below(256));
    }
    return out;
}

std::string line(Dice& dice) {
    switch (dice.below(10)) {
        case 0:
            return plain(dice);
        case 1:
            return packed(dice);
        case 2:
            return binary(dice);
        case 3:
            return dice.pick({"", "foo", "\x1b[31mfoo\x1b[0m level=warn", "foo\nbar", "{", "[1]"});
        case 4: {
            const std::string whole = json_object(dice, 0);
            return whole.substr(0, dice.below(whole.size() + 1));
        }
        case 5:
            return dice.pick({" ", "x"}) + json_object(dice, 0) + dice.pick({"", " tail"});
        case 6:
        case 7:
            return logfmt(dice);
        default:
            return json_object(dice, 0);
    }
}

LabelMap random_stream(Dice& dice) {
    LabelMap out = {{"app", dice.pick({"api", "db", "web"})}};
    if (dice.percent(70)) {
        out["env"] = dice.pick({"prod", "dev"});
    }
    if (dice.percent(30)) {
        out["pod"] = dice.pick({"p1", "p2", "p3"});
    }
    if (dice.percent(10)) {
        out[dice.pick({"level", "user", "app_extracted", "status", "n", "detected_level"})] =
            dice.pick({"info", "5"});
    }
    return out;
}

// With a level mostly, and other metadata in so many of a hundred entries.
LabelMap random_metadata(Dice& dice, bool logs, std::size_t rest_percent) {
    LabelMap out;
    if (dice.percent(70)) {
        out["detected_level"] = random_value(dice, "detected_level");
    }
    while (dice.percent(rest_percent)) {
        const std::string name =
            dice.pick({"trace", "level", "user", "n", "app", "pod", "app_extracted", "dur"});
        const std::string value = random_value(dice, name);
        if (!value.empty()) {
            out[name] = value;
        }
    }
    if (logs && dice.percent(1)) {
        out["__error__"] = "Custom";
    }
    return out;
}

// What stands behind `before` and ahead of the next quote, blank or comma.
std::string text_behind(const std::string& line, const std::string& before) {
    const std::size_t at = line.find(before);
    if (at == std::string::npos) {
        return "";
    }
    const std::size_t begin = at + before.size();
    return line.substr(begin, std::min(line.find_first_of("\" ,}", begin), line.size()) - begin);
}

Timestamp random_time(Dice& dice) {
    const Timestamp whole = kDataTime + Duration::millis(500 * dice.between(-240, 240));
    // Just inside and outside of windows.
    return dice.percent(80) ? whole : whole + Duration{dice.between(-1, 1)};
}

}  // namespace

std::string value_in(Dice& dice, const RandomData& data, const std::string& name) {
    for (int i = 0; i < 8 && !data.entries.empty(); ++i) {
        const Entry& entry = dice.pick(data.entries);
        for (const LabelMap* labels : {&entry.stream, &entry.metadata}) {
            if (const auto it = labels->find(name); it != labels->end()) {
                return it->second;
            }
        }
        for (const std::string& before : {"\"" + name + "\":\"", name + "=\"", name + "="}) {
            if (std::string value = text_behind(entry.line, before); !value.empty()) {
                return value;
            }
        }
    }
    return random_value(dice, name);
}

std::string piece_of_line(Dice& dice, const RandomData& data) {
    if (data.entries.empty()) {
        return "";
    }
    const std::string& line = dice.pick(data.entries).line;
    const std::string piece = line.substr(dice.below(line.size() + 1), 1 + dice.below(6));
    const bool plain = std::all_of(piece.begin(), piece.end(), [](char c) {
        return c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '`';
    });
    return plain ? piece : "";
}

RandomData random_data(Dice& dice) {
    std::vector<LabelMap> streams;
    for (std::size_t i = 1 + dice.below(6); i > 0; --i) {
        streams.push_back(random_stream(dice));
    }
    RandomData data;
    data.logs = dice.percent(40);
    data.parser = dice.pick({"json", "logfmt"});
    data.distinct_times = dice.percent(30);
    // Some data has only lines that the parser understands, so that not every query is an error.
    const bool tidy = dice.percent(60);
    const std::size_t rest_percent = dice.pick(std::vector<std::size_t>{0, 1, 35, 35});
    const std::size_t count = dice.percent(90) ? 30 + dice.below(120) : dice.below(30);
    std::set<Timestamp> times;
    while (data.entries.size() < count) {
        Entry entry{dice.pick(streams),
                    random_time(dice),
                    "",
                    random_metadata(dice, data.logs, rest_percent)};
        if (tidy || dice.percent(50)) {
            entry.line = data.parser == "json" ? json_object(dice, 0) : logfmt(dice);
        } else {
            entry.line = line(dice);
        }
        if (data.distinct_times) {
            while (!times.insert(entry.time).second) {
                entry.time = entry.time + Duration{1};
            }
        }
        data.entries.push_back(entry);
        // A push that was tried again.
        if (dice.percent(8)) {
            const Entry again = dice.pick(data.entries);
            data.entries.push_back(again);
        }
    }
    return data;
}

}  // namespace logi::reference
