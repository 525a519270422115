#include "template_data.h"

#include "absl/strings/str_cat.h"
#include "model/labels.h"

namespace logi::reference {
namespace {

enum class Format { kJson, kLogfmt, kAccess };

// How a service writes one field.
struct Field {
    std::string name;
    std::string style;
};

struct Shape {
    Format format = Format::kJson;
    std::vector<Field> fields;
    std::string inner;  // of JSON: the name of an object that holds the last fields
    std::size_t outer = 0;
    std::string blank;  // behind commas and colons
};

struct Service {
    LabelMap stream;
    std::vector<Shape> shapes;
    std::size_t odd_percent = 0;        // of fields
    std::size_t odd_lines_percent = 0;  // of lines, which may have odd fields
    std::size_t metadata_percent = 0;
};

Shape random_shape(Dice& dice) {
    Shape shape;
    const std::size_t format = dice.below(10);
    shape.format = format < 5 ? Format::kJson : format < 8 ? Format::kLogfmt : Format::kAccess;
    const std::size_t count = 2 + dice.below(8);
    for (std::size_t i = 0; i < count; ++i) {
        const std::string name = dice.pick({"level",
                                            "status",
                                            "dur",
                                            "size",
                                            "n",
                                            "odd",
                                            "ip",
                                            "msg",
                                            "user",
                                            "app",
                                            "id",
                                            "trace",
                                            "took",
                                            "text",
                                            "path",
                                            "time",
                                            "a",
                                            "my.key"});
        shape.fields.push_back({name, dice.pick({"usual", "usual", "usual", "word", "number"})});
    }
    shape.outer = dice.percent(30) ? dice.below(count) : count;
    shape.inner = dice.pick({"req", "a.b", "1x", "app", "user"});
    shape.blank = dice.percent(25) ? " " : "";
    return shape;
}

std::string hex(Dice& dice, std::size_t digits) {
    std::string out;
    for (std::size_t i = 0; i < digits; ++i) {
        out += "0123456789abcdef"[dice.below(16)];
    }
    return out;
}

std::string usual_value(Dice& dice, const Field& field) {
    if (field.style == "number") {
        return absl::StrCat(dice.below(dice.percent(50) ? 8 : 3000));
    }
    if (field.style == "word") {
        return dice.pick({"alice", "bob", "info", "error", "x", "500"});
    }
    if (field.name == "level") {
        return dice.pick({"info", "info", "info", "warn", "error"});
    }
    if (field.name == "status") {
        return dice.pick({"200", "200", "204", "404", "500", "503"});
    }
    if (field.name == "dur" || field.name == "took") {
        return dice.percent(50) ? absl::StrCat(dice.below(2000), "ms")
                                : absl::StrCat(dice.below(90), ".", dice.below(1000), "ms");
    }
    if (field.name == "n") {
        return dice.percent(70) ? absl::StrCat(dice.below(100))
                                : absl::StrCat(dice.below(20), ".", dice.below(1000));
    }
    if (field.name == "size") {
        return absl::StrCat(dice.below(5000), dice.pick({"B", "kB"}));
    }
    if (field.name == "id" || field.name == "trace") {
        return hex(dice, 16);
    }
    if (field.name == "ip") {
        return absl::StrCat("10.0.", dice.below(3), ".", dice.below(250));
    }
    if (field.name == "time") {
        return absl::StrCat("2023-11-14T22:1", dice.below(10), ":", 10 + dice.below(50), "Z");
    }
    if (field.name == "path") {
        return absl::StrCat(
            "/api/v", dice.below(3), "/", dice.pick({"user", "item"}), "/", dice.below(900));
    }
    if (field.name == "text" || field.name == "msg") {
        return absl::StrCat(
            dice.pick({"took ", "user ", "got (a, b) "}), dice.below(500), " times");
    }
    return random_value(dice, field.name);
}

std::string odd_value(Dice& dice, const Field& field) {
    switch (dice.below(8)) {
        case 0:
            return "";
        case 1:
            return dice.pick(
                {"a \"q\" b", "back\\slash", "tab\there", "a=b", "x y", "{1}", "[", ","});
        case 2:
            return dice.pick({"\xff", "caf\xc3\xa9", "\xc3", "\xef\xbf\xbd", "\x01"});
        case 3:
            return dice.pick(
                {"007", "-5", "1e3", "+5", ".5", "1_000", "0x1p4", "NaN", "99999999999999999999"});
        case 4:
            return dice.pick({"true", "false", "null", "nil"});
        default:
            return random_value(dice, field.name);
    }
}

std::string value(Dice& dice, const Field& field, std::size_t odd_percent) {
    return dice.percent(odd_percent) ? odd_value(dice, field) : usual_value(dice, field);
}

bool is_number(const std::string& text) {
    return !text.empty() && text.size() < 19 &&
           text.find_first_not_of("0123456789.") == std::string::npos && text[0] != '.';
}

// Quotes as Go's encoder of JSON, but leaves bytes that are no UTF-8 as they are.
std::string json_quote(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < ' ') {
            out += "\\u00";
            out += "01"[static_cast<unsigned char>(c) >> 4U & 1U];
            out += "0123456789abcdef"[c & 15];
        } else {
            out += c;
        }
    }
    return out + "\"";
}

std::string json_value(Dice& dice, const Field& field, std::size_t odd_percent) {
    if (dice.percent(odd_percent / 2)) {
        return dice.pick({"null",
                          "true",
                          "[1,2]",
                          "{}",
                          "[\"a\",{\"b\":\"}\"}]",
                          "{\"c\":1}",
                          "1e3",
                          "-2.5",
                          "007",
                          "bogus",
                          "1\"2",
                          "-",
                          "\"\\u00e9\"",
                          "\"\\ud800\"",
                          "\"\\x\""});
    }
    const std::string text = value(dice, field, odd_percent);
    return is_number(text) && field.name != "id" ? text : json_quote(text);
}

std::string json(Dice& dice, const Shape& shape, std::size_t odd_percent) {
    std::string out = "{";
    for (std::size_t i = 0; i < shape.fields.size(); ++i) {
        absl::StrAppend(&out, i > 0 ? "," : "", i > 0 ? shape.blank : "");
        if (i == shape.outer) {
            absl::StrAppend(&out, "\"", shape.inner, "\":", shape.blank, "{");
        }
        absl::StrAppend(&out, "\"", shape.fields[i].name, "\":", shape.blank);
        out += json_value(dice, shape.fields[i], odd_percent);
    }
    return out + (shape.outer < shape.fields.size() ? "}}" : "}");
}

std::string logfmt(Dice& dice, const Shape& shape, std::size_t odd_percent) {
    std::string out;
    for (const Field& field : shape.fields) {
        const std::string text = value(dice, field, odd_percent);
        const bool plain = text.find_first_of(" \"=\\\t") == std::string::npos;
        absl::StrAppend(&out, out.empty() ? "" : " ", field.name, "=");
        out += plain || dice.percent(odd_percent / 2) ? text : json_quote(text);
    }
    if (dice.percent(odd_percent)) {
        out += dice.pick({" bare", " a=b=c", " =v", " k=\"open", " x=", " \"q\"=1", " k\xff=1"});
    }
    return out;
}

std::string access(Dice& dice, const Shape& shape, std::size_t odd_percent) {
    const auto part = [&](const std::string& name) {
        return value(dice, {name, "usual"}, odd_percent);
    };
    return absl::StrCat(part("ip"),
                        " - ",
                        part("user"),
                        " [14/Nov/2023:22:1",
                        dice.below(10),
                        ":00 +0000] \"",
                        dice.pick({"GET", "POST"}),
                        " ",
                        part("path"),
                        shape.outer > 3 ? "?a=1" : "",
                        " HTTP/1.1\" ",
                        part("status"),
                        " ",
                        dice.below(4000));
}

std::string line(Dice& dice, const Service& service) {
    const Shape& shape = dice.pick(service.shapes);
    const std::size_t odd = dice.percent(service.odd_lines_percent) ? service.odd_percent : 0;
    std::string out = shape.format == Format::kJson     ? json(dice, shape, odd)
                      : shape.format == Format::kLogfmt ? logfmt(dice, shape, odd)
                                                        : access(dice, shape, odd);
    if (dice.percent(odd / 2)) {
        out.resize(dice.below(out.size() + 1));
    }
    if (dice.percent(odd / 2)) {
        out += dice.pick({" tail", "}", "\"", " {\"a\":1}", "\n"});
    }
    if (dice.percent(odd / 4)) {
        out = dice.pick({" ", "\t", "x"}) + out;
    }
    return out;
}

Service random_service(Dice& dice) {
    Service service;
    service.stream = {{"app", dice.pick({"api", "db", "web"})}};
    if (dice.percent(50)) {
        service.stream["env"] = dice.pick({"prod", "dev"});
    }
    if (dice.percent(30)) {
        service.stream[dice.pick({"level", "user", "app_extracted", "status", "n", "pod"})] =
            dice.pick({"info", "5", "p1"});
    }
    for (std::size_t i = 1 + dice.below(3); i > 0; --i) {
        service.shapes.push_back(random_shape(dice));
    }
    service.odd_percent = dice.pick(std::vector<std::size_t>{0, 0, 2, 5, 20});
    service.odd_lines_percent = dice.pick(std::vector<std::size_t>{100, 100, 5, 1});
    service.metadata_percent = dice.pick(std::vector<std::size_t>{0, 0, 3, 50});
    return service;
}

LabelMap random_metadata(Dice& dice, bool logs) {
    LabelMap out;
    do {
        const std::string name = dice.pick({"trace", "level", "user", "n", "app", "span", "dur"});
        out[name] = usual_value(dice, {name, "usual"});
    } while (dice.percent(30));
    if (logs && dice.percent(3)) {
        out["__error__"] = "Custom";
    }
    return out;
}

}  // namespace

RandomData template_data(Dice& dice) {
    std::vector<Service> services;
    for (std::size_t i = 1 + (dice.percent(50) ? 0 : dice.below(4)); i > 0; --i) {
        services.push_back(random_service(dice));
    }
    RandomData data;
    data.logs = dice.percent(40);
    data.distinct_times = true;
    switch (services[0].shapes[0].format) {
        case Format::kJson:
            data.parser = dice.percent(80) ? "json" : R"x(regexp `"level": ?"(?P<level>\w+)"`)x";
            break;
        case Format::kLogfmt:
            data.parser =
                dice.percent(80) ? "logfmt" : R"(regexp `level=(?P<level>\w+)( |.* n=(?P<n>\S+))`)";
            break;
        case Format::kAccess:
            data.parser = dice.pick(
                {R"(regexp `^(?P<ip>\S+) - (?P<user>\S+) \[(?P<time>[^\]]+)\] )"
                 R"("(?P<method>\w+) (?P<path>\S+) [^"]*" (?P<status>\d+) (?P<n>\d+)`)",
                 R"(regexp `"(?P<method>GET|POST) (?P<path>[^ ?]+)(\?(?P<a>\S*))? )"
                 R"(.*" (?P<status>\d{3})`)",
                 R"(regexp `(?P<ip>[0-9.]+).*?(?P<user>[a-z]+).*" (?P<status>5\d\d|\d+)`)",
                 R"(regexp `/api/v(?P<n>\d)/(?P<path>user|item)/(?P<id>\d*)`)",
                 "pattern `<ip> - <user> [<_>] \"<method> <path> <_>\" <status> <n>`",
                 "pattern `<_>] \"<method> <path>` | pattern `<ip> <_>`",
                 "pattern `<_> \"<method> <_>\" <status> <_>`"});
            break;
    }
    const std::size_t count = dice.percent(15) ? 1000 + dice.below(1500) : 50 + dice.below(500);
    // A block may lie in one window, or windows cut it.
    const auto step_max_ns =
        dice.pick(std::vector<std::int64_t>{1'000'000, 20'000'000, 400'000'000});
    Timestamp time = kDataTime - Duration::seconds(100);
    while (data.entries.size() < count) {
        const Service& service = dice.pick(services);
        time = time + Duration{dice.between(1, step_max_ns)};
        Entry entry{service.stream, time, line(dice, service), {}};
        if (dice.percent(service.metadata_percent)) {
            entry.metadata = random_metadata(dice, data.logs);
        }
        data.entries.push_back(std::move(entry));
    }
    return data;
}

}  // namespace logi::reference
