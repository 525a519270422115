#include "template/template.h"

#include "template/limits.h"
#include "template/quote.h"
#include "template/utf8.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <map>
#include <new>
#include <random>
#include <sstream>

namespace {
std::atomic<std::size_t> allocations{0};
}  // namespace

// Counted, to see that plain templates need none. The thread sanitizer has operators of its own,
// which cannot be replaced.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LOGI_OWN_ALLOCATOR
#endif
#endif
#if !defined(LOGI_OWN_ALLOCATOR) && !defined(__SANITIZE_THREAD__)
[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    if (void* const p = std::malloc(size)) {
        return p;
    }
    throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    ++allocations;
    return std::malloc(size);
}
[[gnu::noinline]] void operator delete(void* p) noexcept {
    std::free(p);
}
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept {
    std::free(p);
}
#endif

namespace logi::tmpl {
namespace {

class Entry : public Context {
  public:
    [[nodiscard]] std::optional<std::string_view> label(std::string_view name) const override {
        const auto it = labels.find(name);
        return it == labels.end() ? std::nullopt : std::optional<std::string_view>(it->second);
    }
    void all_labels(
        std::vector<std::pair<std::string_view, std::string_view>>& out) const override {
        out.insert(out.end(), labels.begin(), labels.end());
    }
    [[nodiscard]] std::string_view line() const override { return text; }
    [[nodiscard]] Timestamp time() const override { return at; }
    [[nodiscard]] Timestamp now() const override { return {1'720'000'000'000'000'000}; }

    std::map<std::string, std::string, std::less<>> labels;
    std::string text;
    Timestamp at;
};

// Remembers which labels it was asked for.
class WatchedEntry final : public Entry {
  public:
    [[nodiscard]] std::optional<std::string_view> label(std::string_view name) const override {
        asked.emplace_back(name);
        return Entry::label(name);
    }
    void all_labels(
        std::vector<std::pair<std::string_view, std::string_view>>& out) const override {
        asked.emplace_back("all of them");
        Entry::all_labels(out);
    }
    mutable std::vector<std::string> asked;
};

std::shared_ptr<const Template> parsed(std::string_view text) {
    auto result = Template::parse("line", text, logql_functions());
    EXPECT_TRUE(result.ok()) << text << ": " << result.status();
    return result.ok() ? *result : nullptr;
}

std::string run(std::string_view text, const Entry& entry = {}) {
    std::string out;
    const auto tmpl = parsed(text);
    const Status status = tmpl == nullptr ? absl::OkStatus() : tmpl->execute(entry, out);
    return status.ok() ? out : std::string(message_of(status));
}

// Bytes that are not UTF-8 as the test data shows them.
std::string shown(std::string_view s) {
    std::string out;
    for (std::size_t i = 0; i < s.size();) {
        const Rune r = decode_rune(s.substr(i));
        out += encode_rune(r.value);
        i += r.length;
    }
    return out;
}

// --- Test data: the first lines of testdata/recorded.txt say what is in it ---

class Script {
  public:
    explicit Script(std::string file) : file_(std::move(file)) {}

    void run() {
        std::ifstream in(std::string(LOGI_TEMPLATE_TESTDATA) + "/" + file_);
        ASSERT_TRUE(in.good()) << file_;
        for (std::string line; std::getline(in, line); ++number_) {
            SCOPED_TRACE(file_ + ":" + std::to_string(number_) + ": " + template_text_);
            if (!line.empty() && line[0] != '#') {
                command(line);
            }
        }
        ASSERT_GT(checks_, 30) << file_;
    }

  private:
    static std::string value(std::string_view text) {
        const auto result = unquote(text);
        EXPECT_TRUE(result.ok()) << text;
        return result.ok() ? *result : "";
    }
    static std::string maybe_quoted(std::string_view text) {
        return text.starts_with('"') ? value(text) : std::string(text);
    }
    // Takes the first word, or the literal behind NAME=, off the text.
    static std::string_view word(std::string_view& text) {
        bool quoted = false;
        std::size_t i = 0;
        for (; i < text.size() && (quoted || text[i] != ' '); ++i) {
            if (text[i] == '\\') {
                ++i;
            } else if (text[i] == '"') {
                quoted = !quoted;
            }
        }
        const std::string_view taken = text.substr(0, i);
        text.remove_prefix(std::min(i + 1, text.size()));
        return taken;
    }

    void command(std::string_view line) {
        std::string_view rest = line;
        const std::string_view first = word(rest);
        if (first == "entry") {
            entry(rest);
        } else if (first == "name") {
            name_ = rest;
        } else if (first == "only") {
            prefix_ = rest;
        } else if (first == ">>") {
            template_text_ = maybe_quoted(rest);
            template_ = Template::parse(name_, template_text_, logql_functions());
        } else if (first == "!!") {
            ++checks_;
            ASSERT_FALSE(template_.ok());
            EXPECT_EQ(message_of(template_.status()), maybe_quoted(rest));
        } else {
            results(first, rest);
        }
    }

    void entry(std::string_view rest) {
        Entry& e = entries_[std::string(word(rest))];
        e.at.ns = std::stoll(std::string(word(rest)));
        e.text = value(word(rest));
        while (!rest.empty()) {
            const std::string_view label = word(rest);
            const std::size_t equals = label.find('=');
            e.labels.emplace(label.substr(0, equals), value(label.substr(equals + 1)));
        }
    }

    void results(std::string_view ids, std::string_view rest) {
        ASSERT_TRUE(template_.ok()) << template_.status();
        const bool error = rest.starts_with("! ");
        const std::string expected = error ? maybe_quoted(rest.substr(2)) : value(rest);
        const std::string wanted = "," + std::string(ids) + ",";
        int found = 0;
        for (const auto& [id, e] : entries_) {
            const bool all = ids == "*" && id.starts_with(prefix_);
            if (!all && wanted.find("," + id + ",") == std::string::npos) {
                continue;
            }
            ++found;
            ++checks_;
            std::string out;
            const Status status = (*template_)->execute(e, out);
            EXPECT_EQ(status.ok(), !error) << id << ": " << status;
            EXPECT_EQ(shown(status.ok() ? std::string_view(out) : message_of(status)), expected)
                << id;
        }
        EXPECT_GT(found, 0) << ids;
    }

    std::string file_;
    int number_ = 1;
    int checks_ = 0;
    std::string name_;
    std::string prefix_;
    std::map<std::string, Entry> entries_;
    std::string template_text_;
    StatusOr<std::shared_ptr<const Template>> template_ = absl::UnknownError("none yet");
};

TEST(Template, DoesAsLokiDoes) {
    Script("recorded.txt").run();
}
TEST(Template, KnowsTheLanguage) {
    Script("language.txt").run();
}
TEST(Template, HasTheFunctionsOfLineFormat) {
    Script("functions.txt").run();
}

// --- What a query engine asks ---

TEST(Template, NamesTheLabelsThatItReads) {
    const auto fields = [](std::string_view text) {
        std::string out;
        const auto t = parsed(text);
        for (const std::string& name : t->fields()) {
            out += name + " ";
        }
        return out + (t->reads_all_labels() ? "* " : "") + (t->reads_line() ? "line" : "") +
               (t->reads_time() ? "time" : "");
    };
    EXPECT_EQ(fields("plain"), "");
    EXPECT_EQ(fields("{{.b}} {{.a | upper}} {{if .c.d}}{{$.e}}{{else}}{{.f}}{{end}}"),
              "a b c e f ");
    EXPECT_EQ(fields("{{.}}"), "* ");
    EXPECT_EQ(fields("{{range $k, $v := .}}{{$k}}{{end}}"), "* ");
    EXPECT_EQ(fields("{{$x := $}}{{$x.a}}"), "* ");
    EXPECT_EQ(fields("{{with .a}}{{.}}{{.b}}{{$.c}}{{else}}{{.d}}{{end}}"), "a c d ");
    EXPECT_EQ(fields("{{index . \"a.b\"}} {{index $ \"c\" | len}}"), "a.b c ");
    EXPECT_EQ(fields("{{index . .a}}"), "a * ");
    EXPECT_EQ(fields("{{define \"t\"}}{{.a}}{{$.b}}{{end}}{{template \"t\" .}}"), "a b ");
    EXPECT_EQ(fields("{{define \"t\"}}{{.a}}{{.}}{{end}}{{template \"t\" .c}}"), "c ");
    EXPECT_EQ(fields("{{define \"t\"}}{{.a}}{{end}}x"), "");
    EXPECT_EQ(fields("{{(.).a}}"), "* ");
    EXPECT_EQ(fields("{{(fromJson .j).x}} {{__line__ | len}} {{__timestamp__}}"), "j linetime");
    EXPECT_EQ(fields("{{or .a (print .b (printf \"%s\" .c))}}"), "a b c ");
}

TEST(Template, RecognisesASingleField) {
    EXPECT_EQ(parsed("{{.msg}}")->single_field(), "msg");
    EXPECT_EQ(parsed("{{ .msg }}")->single_field(), "msg");
    for (const char* text : {"", "x", "{{.a}} ", "{{.a.b}}", "{{.a | upper}}", "{{$x := .a}}"}) {
        EXPECT_EQ(parsed(text)->single_field(), std::nullopt) << text;
    }
}

TEST(Template, AppendsAndLeavesTheOutputAloneOnErrors) {
    Entry entry;
    entry.labels["a"] = "x";
    std::string out = "before ";
    EXPECT_TRUE(parsed("{{.a}}!")->execute(entry, out).ok());
    EXPECT_EQ(out, "before x!");
    EXPECT_FALSE(parsed("{{.a}}{{div 1 0}}")->execute(entry, out).ok());
    EXPECT_EQ(out, "before x!");
}

TEST(Template, MissingKeysCanShowAsNoValue) {
    const auto t =
        Template::parse("t", "{{.x}}{{with .x}}a{{end}}", logql_functions(), MissingKey::kNoValue);
    std::string out;
    ASSERT_TRUE((*t)->execute(Entry(), out).ok());
    EXPECT_EQ(out, "<no value>");
}

StatusOr<Value> answer(Frame&, absl::Span<const Value> args) {
    return Value::integer(args[0].as_int() + 1);
}

TEST(Template, TakesTablesOfFunctions) {
    static constexpr Function kOwn[] = {{.name = "next", .call = answer, .signature = "i"}};
    const FunctionTable table({kOwn});
    const auto t = Template::parse("t", "{{next 41}} {{len \"ab\"}}", table);
    ASSERT_TRUE(t.ok()) << t.status();
    std::string out;
    ASSERT_TRUE((*t)->execute(Entry(), out).ok());
    EXPECT_EQ(out, "42 2");
    EXPECT_FALSE(Template::parse("t", "{{upper \"a\"}}", table).ok());
}

TEST(Template, NeedsNoHeapForFieldsAndText) {
    Entry entry;
    entry.labels = {{"a", "some value"}, {"b", std::string(200, 'x')}};
    entry.text = "the line";
    std::string out;
    out.reserve(1000);
    for (const char* text : {"{{.a}} text {{.b}}",
                             "{{.missing}}{{__line__}}",
                             "{{if .a}}{{.b}}{{end}}",
                             "{{.b | trunc 10}}"}) {
        const auto t = parsed(text);
        out.clear();
        const std::size_t before = allocations;
        ASSERT_TRUE(t->execute(entry, out).ok());
        EXPECT_EQ(allocations - before, 0U) << text;
        EXPECT_FALSE(out.empty());
    }
}

// --- Limits ---

bool mentions(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

TEST(TemplateLimits, OutputAndStrings) {
    EXPECT_TRUE(mentions(run("{{repeat 1000000000 \"x\"}}"), "longer than 1048576 bytes"));
    EXPECT_TRUE(mentions(run("{{repeat 9223372036854775807 \"\"}}ok"), "ok"));
    EXPECT_TRUE(mentions(run("{{indent 1000000000 \"x\"}}"), "longer than"));
    EXPECT_TRUE(mentions(run("{{alignLeft 9223372036854775807 \"x\"}}"), "longer than"));
    EXPECT_TRUE(mentions(run("{{printf \"%1000000d%1000000d\" 1 2}}"), "longer than"));
    EXPECT_TRUE(
        mentions(run("{{$x := repeat 100000 \"ab\"}}{{replace \"a\" $x $x}}"), "longer than"));
    EXPECT_TRUE(mentions(run("{{$x := repeat 100000 \"ab\"}}{{regexReplaceAll \"a\" $x $x}}"),
                         "longer than"));
    EXPECT_TRUE(mentions(run("{{$x := repeat 1000000 \"a\"}}{{$x}}{{$x}}"), "longer than"));
    EXPECT_EQ(run("{{repeat 1048576 \"x\"}}").size(), kOutputBytesMax);
}

TEST(TemplateLimits, MemoryAndSteps) {
    EXPECT_TRUE(mentions(run("{{range 100}}{{$x := repeat 1000000 \"a\"}}{{end}}"),
                         "needs more than 16777216 bytes"));
    EXPECT_TRUE(mentions(run("{{range 1000000000}}{{end}}"), "more than 1000000 steps"));
    EXPECT_TRUE(
        mentions(run("{{range 10000}}{{range 10000}}{{end}}{{end}}"), "more than 1000000 steps"));
    EXPECT_TRUE(mentions(
        run("{{$x := repeat 1000000 \"a\"}}{{range 1000}}{{if contains \"b\" $x}}{{end}}{{end}}"),
        "more than 1000000 steps"));
    EXPECT_TRUE(mentions(run("{{range 10000}}{{break}}{{end}}ok"), "ok"));
}

TEST(TemplateLimits, Nesting) {
    const auto repeated = [](std::size_t n, std::string_view s) {
        std::string out;
        for (std::size_t i = 0; i < n; ++i) {
            out += s;
        }
        return out;
    };
    const auto nested = [&](std::size_t n, std::string_view open, std::string_view close) {
        return Template::parse(
            "t", repeated(n, open) + "x" + repeated(n, close), logql_functions());
    };
    EXPECT_TRUE(nested(100, "{{if .a}}", "{{end}}").ok());
    EXPECT_FALSE(nested(100'00, "{{if .a}}", "{{end}}").ok());
    EXPECT_FALSE(nested(5'000, "{{if .a}}{{else if .b}}", "{{end}}").ok());
    EXPECT_FALSE(nested(5'000, "{{block \"a\" .}}", "{{end}}").ok());
    EXPECT_TRUE(Template::parse("t",
                                "{{" + repeated(150, "(") + "1" + repeated(150, ")") + "}}",
                                logql_functions())
                    .ok());
    EXPECT_FALSE(Template::parse("t",
                                 "{{" + repeated(50'000, "(") + "1" + repeated(50'000, ")") + "}}",
                                 logql_functions())
                     .ok());
    EXPECT_FALSE(Template::parse("t", std::string(kTextBytesMax + 1, 'x'), logql_functions()).ok());
    EXPECT_TRUE(mentions(run("{{define \"t\"}}{{template \"t\" .}}{{end}}{{template \"t\" .}}"),
                         "exceeded maximum template depth"));
    EXPECT_EQ(run("{{fromJson \"" + repeated(5000, "[") + repeated(5000, "]") + "\"}}"),
              "<no value>");
}

// --- Rubbish ---

TEST(Template, SurvivesRubbish) {
    std::ifstream in(std::string(LOGI_TEMPLATE_TESTDATA) + "/language.txt");
    std::vector<std::string> seeds;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with(">> ")) {
            seeds.push_back(line.substr(3));
        }
    }
    ASSERT_GT(seeds.size(), 100U);
    WatchedEntry entry;
    entry.labels = {{"app", "shop"}, {"j", "{\"list\":[3,1,2]}"}, {"bad", "a\xFFz"}};
    std::mt19937 random(7);
    const auto pick = [&](std::size_t n) {
        return static_cast<std::size_t>(random()) % n;
    };
    constexpr std::string_view kBytes = "{}()|$.:=\"`' \n-/*,%ax09\xC3\xA9";
    std::size_t executed = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string text = seeds[pick(seeds.size())] + seeds[pick(seeds.size())];
        for (std::size_t edits = pick(4); edits > 0 && !text.empty(); --edits) {
            const std::size_t at = pick(text.size());
            text.replace(at, pick(3), pick(2), kBytes[pick(kBytes.size())]);
        }
        const auto t = Template::parse("line", text, logql_functions());
        std::string out;
        if (t.ok()) {
            ++executed;
            const Status status = (*t)->execute(entry, out);
            for (const std::string& name : std::exchange(entry.asked, {})) {
                const auto& fields = (*t)->fields();
                EXPECT_TRUE((*t)->reads_all_labels() ||
                            std::find(fields.begin(), fields.end(), name) != fields.end())
                    << name << " of " << text;
            }
            EXPECT_LE(out.size(), kOutputBytesMax);
            EXPECT_EQ(status.ok() || out.empty(), true);
        } else {
            EXPECT_TRUE(message_of(t.status()).starts_with("template: line:")) << text;
        }
    }
    EXPECT_GT(executed, 1000U);
}

}  // namespace
}  // namespace logi::tmpl
