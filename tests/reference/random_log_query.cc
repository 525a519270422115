// Selectors and pipelines.
#include "absl/strings/str_cat.h"
#include "model/labels.h"
#include "random_query.h"

namespace logi::reference {
namespace {

std::string name(Dice& dice) {
    return dice.pick({"level",
                      "status",
                      "dur",
                      "size",
                      "n",
                      "odd",
                      "ip",
                      "msg",
                      "user",
                      "app",
                      "env",
                      "pod",
                      "trace",
                      "app_extracted",
                      "bare",
                      "a",
                      "level_extracted",
                      "detected_level",
                      "detected_level",
                      "req_user",
                      "req_level",
                      "method"});
}

std::string word(Dice& dice) {
    return dice.pick({"info", "error",       "foo", "alice", "500",  "a",    "level",
                      "\"",   "hello world", "GET", "api",   "prod", "user", "",
                      "über", "10.0.0.1",    "x",   "a",     "e",    "s"});
}

std::string regex(Dice& dice) {
    return dice.pick({"foo",
                      "foo.*",
                      ".*foo",
                      ".*foo.*",
                      "al.+",
                      "(?i)ALICE",
                      "(?i)boB|info",
                      "(?i)took",
                      "(?i)GeT /",
                      "bob|alice",
                      "5..",
                      ".+",
                      ".*",
                      "",
                      "b(o|x)b",
                      "[a-z]+",
                      "\\\\d+",
                      "(info|warn)",
                      "x$"});
}

// Mostly one that picks a stream of the data.
std::string selector(Dice& dice, const RandomData& data) {
    if (!data.entries.empty() && dice.percent(70)) {
        const LabelMap& stream = dice.pick(data.entries).stream;
        auto label = stream.begin();
        std::advance(label, dice.below(stream.size()));
        return absl::StrCat("{", label->first, "=", go_quote(label->second), "}");
    }
    if (dice.percent(75)) {
        return "{app=~\".+\"}";
    }
    return dice.pick({"{app=\"api\"}",
                      "{app!=\"db\", app=~\".+\"}",
                      "{env=\"prod\"}",
                      "{env!=\"dev\", app=~\"a.*|w.*\"}",
                      "{app=~\"api|db\", pod=\"\"}",
                      dice.percent(80) ? "{pod=~\"p[12]\"}" : "{app=\"none\"}"});
}

std::string quoted(const std::string& text) {
    return absl::StrCat("\"", text == "\"" ? "\\\"" : text, "\"");
}

std::string line_filter(Dice& dice, const RandomData& data) {
    if (dice.percent(30)) {
        return absl::StrCat("|= ", quoted(piece_of_line(dice, data)));
    }
    switch (dice.below(10)) {
        case 0:
            return absl::StrCat(dice.pick({"|~ ", "!~ "}), quoted(regex(dice)));
        case 1:
            return absl::StrCat(
                dice.pick({"|~ ", "!~ "}), quoted(regex(dice)), " or ", quoted(regex(dice)));
        case 2:
            return absl::StrCat(dice.pick({"|= ", "!= "}),
                                dice.pick({"ip(\"10.0.0.0/8\")",
                                           "ip(\"192.168.1.7\")",
                                           "ip(\"::1\")",
                                           "ip(\"10.0.0.1-10.0.0.9\") or \"alice\""}));
        case 3:
            return absl::StrCat(dice.pick({"|> ", "!> "}),
                                dice.pick({"\"<_>level<_>\"",
                                           "\"<_>foo\"",
                                           "\"\"",
                                           "\"{<_>}\"",
                                           "\"<_> /<_> <_>\" or \"<_>1}\""}));
        case 4:
        case 5:
            return absl::StrCat(
                dice.pick({"|= ", "!= "}), quoted(word(dice)), " or ", quoted(word(dice)));
        default:
            return absl::StrCat(dice.percent(60) ? "|= " : "!= ", quoted(word(dice)));
    }
}

std::string condition(Dice& dice, const RandomData& data) {
    if (dice.percent(45)) {
        const std::string label = name(dice);
        return absl::StrCat(label, "=", go_quote(value_in(dice, data, label)));
    }
    const std::string compare = dice.pick({" > ", " >= ", " < ", " <= ", " == ", " = ", " != "});
    switch (dice.below(8)) {
        case 0:
        case 1:
            return absl::StrCat(dice.pick({"status", "n", "odd", "dur", "trace"}),
                                compare,
                                dice.pick({"500", "1", "-2.5", "0", "1e2", "200"}));
        case 2:
            return absl::StrCat(dice.pick({"dur", "dur", "n", "pod"}),
                                compare,
                                dice.pick({"1s", "10ms", "1d", "2m", "-1s", "1.5h"}));
        case 3:
            return absl::StrCat(dice.pick({"size", "size", "n", "missing"}),
                                compare,
                                dice.pick({"1kB", "5B", "10kB", "2MB", "12B"}));
        case 4:
            return absl::StrCat(dice.pick({"ip", "ip", "user"}),
                                dice.pick({" = ", " != "}),
                                "ip(\"",
                                dice.pick({"10.0.0.0/8", "::1", "192.168.1.1-192.168.1.9"}),
                                "\")");
        case 5:
            return absl::StrCat(name(dice), dice.pick({"=~", "!~"}), quoted(regex(dice)));
        case 6:
            return absl::StrCat(
                "__error__", dice.pick({"=\"\"", "!=\"\"", "=~\".*Err\"", "!=\"JSONParserErr\""}));
        default: {
            const std::string label = name(dice);
            const std::string value = dice.percent(50) ? random_value(dice, label) : word(dice);
            return absl::StrCat(label, dice.pick({"=", "!=", "!="}), go_quote(value));
        }
    }
}

std::string label_filter(Dice& dice, const RandomData& data, int depth) {
    if (depth > 2 || dice.percent(65)) {
        return condition(dice, data);
    }
    const std::string left = label_filter(dice, data, depth + 1);
    const std::string right = label_filter(dice, data, depth + 1);
    if (dice.percent(20)) {
        return absl::StrCat("(", left, dice.pick({" or ", " and "}), right, ")");
    }
    return absl::StrCat(left, dice.pick({" and ", " or ", ", ", " "}), right);
}

// Half of the time one that the lines are made for.
std::string parser(Dice& dice, const RandomData& data) {
    if (dice.percent(50)) {
        return data.parser;
    }
    switch (dice.below(12)) {
        case 0:
            return dice.pick({"json a=\"user\"",
                              "json user, b=\"req.user\"",
                              "json level=\"req\"",
                              "json x=\"nothere\", app",
                              "json c=\"[0]\", d=\"req[\\\"level\\\"]\""});
        case 1:
            return dice.pick({"logfmt a=\"user\", level",
                              "logfmt --strict user, b=\"n\"",
                              "logfmt app",
                              "logfmt --keep-empty x=\"msg\""});
        case 2:
            return "logfmt --strict";
        case 3:
            return "logfmt --keep-empty";
        case 4:
            return dice.pick({"pattern \"<ip> <method> /<user>?x=1 <status> <_>\"",
                              "pattern \"<_>level=<level> <_>\"",
                              "pattern \"<app> <_>\""});
        case 5:
            return dice.pick({"regexp \"(?P<method>GET|POST)\"",
                              "regexp \"(?P<status>[0-9]{3})( took (?P<dur>.*))?\"",
                              "regexp \"(?P<user>[a-z]+) (?P<app>[a-z]+)\""});
        case 6:
            return "unpack";
        case 7:
        case 8:
            return "logfmt";
        default:
            return "json";
    }
}

std::string some_template(Dice& dice) {
    return dice.pick({"`{{.user}}-{{.level}}`",
                      "`{{__line__}}`",
                      "`{{.msg | upper}}`",
                      "`{{ div 1 0 }}`",
                      "`{{.app}}`",
                      "``",
                      "`{\"level\":\"{{.level}}\",\"n\":{{.n}}}`",
                      "`level={{.level}} n={{.n}} user={{.user}}`",
                      "`{{if eq .level \"info\"}}x{{else}}{{.user}}{{end}}`",
                      "`{{ __timestamp__ | unixEpochNanos }}`",
                      "`{{.__error__}}`",
                      "`{{ trunc 3 .msg }}{{ default \"d\" .trace }}`",
                      "`{{ urldecode \"%zz\" }}`"});
}

std::string label_format(Dice& dice) {
    std::string out = "label_format ";
    std::set<std::string> used;
    do {
        const std::string label = dice.pick({"a", "user", "level", "app", "n", "trace", "dur"});
        if (!used.insert(label).second) {
            continue;
        }
        absl::StrAppend(&out,
                        used.size() > 1 ? ", " : "",
                        label,
                        "=",
                        dice.percent(50) ? name(dice) : some_template(dice));
    } while (dice.percent(40));
    return out;
}

std::string drop_or_keep(Dice& dice) {
    std::string out = dice.percent(60) ? "drop " : "keep ";
    bool first = true;
    do {
        absl::StrAppend(&out, first ? "" : ", ");
        first = false;
        if (dice.percent(12)) {
            out +=
                dice.pick({"__error__", "__error__, __error_details__", "__error__=~\"JSON.*\""});
        } else if (dice.percent(25)) {
            absl::StrAppend(&out,
                            name(dice),
                            dice.pick({"=", "!="}),
                            dice.pick({"\"info\"", "\"alice\"", "\"500\"", "\"\""}));
        } else {
            out += name(dice);
        }
    } while (dice.percent(40));
    return out;
}

std::string stage(Dice& dice, const RandomData& data) {
    switch (dice.below(16)) {
        case 0:
        case 1:
            return line_filter(dice, data);
        case 2:
        case 3:
        case 4:
            return absl::StrCat("| ", label_filter(dice, data, 0));
        case 5:
            return absl::StrCat("| line_format ", some_template(dice));
        case 6:
        case 7:
            return absl::StrCat("| ", label_format(dice));
        case 8:
        case 9:
            return absl::StrCat("| ", drop_or_keep(dice));
        case 10:
            return dice.percent(30) ? "| decolorize" : absl::StrCat("| ", drop_or_keep(dice));
        default:
            return absl::StrCat("| ", parser(dice, data));
    }
}

}  // namespace

std::string random_log_query(Dice& dice,
                             const RandomData& data,
                             std::size_t stages_max,
                             std::size_t parsed_percent) {
    std::string out = selector(dice, data);
    if (dice.percent(parsed_percent)) {
        absl::StrAppend(&out, " | ", data.parser);
    }
    bool names_end = false;
    for (std::size_t i = dice.below(stages_max + 1); i > 0; --i) {
        const std::string next = stage(dice, data);
        // `| drop a != "x"` has another meaning.
        if (names_end && next.starts_with('!')) {
            continue;
        }
        names_end = next.starts_with("| drop") || next.starts_with("| keep");
        absl::StrAppend(&out, " ", next);
    }
    return out;
}

}  // namespace logi::reference
