#include "rule/rule_template.h"

#include <gmock/gmock.h>

namespace logi::rule {
namespace {

using testing::HasSubstr;

std::string expand(const std::string& text, double value = 1.5) {
    const auto parsed = RuleTemplate::parse("t", text);
    EXPECT_TRUE(parsed.ok()) << parsed.status();
    const Labels labels = Labels::from_pairs({{"app", "shop"}, {"instance", "host.example:80"}});
    return parsed.ok() ? parsed->expand(labels,
                                        value,
                                        {{{"cluster", "eu"}}, "http://grafana"},
                                        Timestamp{1'700'000'000'500'000'000})
                       : "";
}

TEST(RuleTemplate, HasTheDataOfPrometheus) {
    const std::pair<const char*, const char*> cases[] = {
        {"plain", "plain"},
        {"{{ $labels.app }} {{ .Labels.app }}", "shop shop"},
        {"{{ $value }} {{ .Value }} {{ printf \"%.2f\" $value }}", "1.5 1.5 1.50"},
        {"{{ $externalLabels.cluster }}{{ .ExternalLabels.none }}|", "eu|"},
        {"{{ $externalURL }}/x", "http://grafana/x"},
        {"{{ $labels.none }}|", "|"},
        {"{{ range $k, $v := $labels }}{{ $k }}={{ $v }};{{ end }}",
         "app=shop;instance=host.example:80;"},
        {"{{ range $k, $v := $externalLabels }}{{ $k }}={{ $v }};{{ end }}", "cluster=eu;"},
        {"{{ if gt $value 1.0 }}high{{ end }}", "high"},
        {"{{ with $labels.app }}{{ . }}{{ end }}", "shop"},
    };
    for (const auto& [text, expected] : cases) {
        EXPECT_EQ(expand(text), expected) << text;
    }
}

TEST(RuleTemplate, HasTheFunctionsOfPrometheus) {
    const std::tuple<const char*, double, const char*> cases[] = {
        {"{{ humanize $value }}", 0, "0"},
        {"{{ humanize $value }}", 1234567, "1.235M"},
        {"{{ humanize $value }}", 0.0000123, "12.3u"},
        {"{{ humanize $value }}", 999, "999"},
        {"{{ humanize \"1000\" }}", 0, "1k"},
        {"{{ humanize1024 $value }}", 1048576, "1Mi"},
        {"{{ humanize1024 $value }}", 1, "1"},
        {"{{ humanizeDuration $value }}", 0, "0s"},
        {"{{ humanizeDuration $value }}", 90061, "1d 1h 1m 1s"},
        {"{{ humanizeDuration $value }}", -3661, "-1h 1m 1s"},
        {"{{ humanizeDuration $value }}", 1.2345, "1.234s"},
        {"{{ humanizeDuration $value }}", 0.0123, "12.3ms"},
        {"{{ humanizePercentage $value }}", 0.1234, "12.34%"},
        {"{{ humanizeTimestamp $value }}", 1435065584.128, "2015-06-23 13:19:44.128 +0000 UTC"},
        {"{{ (toTime $value).Year }}", 1435065584, "2015"},
        {"{{ toDuration $value }}", 90, "1m30s"},
        {"{{ parseDuration \"1h2m\" }}", 0, "3720"},
        {"{{ title \"ab cd\" }} {{ toUpper \"x\" }} {{ toLower \"Y\" }}", 0, "Ab Cd X y"},
        {"{{ if match \"a.*z\" \"abcz\" }}yes{{ end }}", 0, "yes"},
        {"{{ reReplaceAll \"(a)b\" \"x$1\" \"abab\" }}", 0, "xaxa"},
        {"{{ stripPort $labels.instance }}", 0, "host.example"},
        {"{{ stripPort \"[::1]:80\" }} {{ stripPort \"::1\" }}", 0, "::1 ::1"},
        {"{{ stripDomain $labels.instance }} {{ stripDomain \"10.1.1.1:80\" }}",
         0,
         "host:80 10.1.1.1:80"},
        {"{{ now }}", 0, "1.7000000005e+09"},
        {"{{ define \"x\" }}{{ .arg0 }}-{{ .arg1 }}{{ end }}{{ template \"x\" (args 1 \"b\") }}",
         0,
         "1-b"},
        {"{{ urlQueryEscape \"a b\" }}", 0, "a+b"},
    };
    for (const auto& [text, value, expected] : cases) {
        EXPECT_EQ(expand(text, value), expected) << text;
    }
}

TEST(RuleTemplate, SaysWhatIsWrong) {
    EXPECT_THAT(std::string(RuleTemplate::parse("t", "{{ query \"up\" }}").status().message()),
                HasSubstr("function \"query\" not defined"));
    EXPECT_THAT(std::string(RuleTemplate::parse("t", "{{ $labels.app ").status().message()),
                HasSubstr("template: t:1:"));
    EXPECT_THAT(expand("{{ humanize \"x\" }}"),
                HasSubstr("<error expanding template: template: t:1:"));
}

}  // namespace
}  // namespace logi::rule
