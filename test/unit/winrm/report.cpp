// The line on standard error is a whole sentence whatever the peer has said (issue 8, item 22).
#include "cli/report.h"
#include "cli/remedy.h"

#include "net/tls_verify.h"
#include "wsman/fault.h"

#include <gtest/gtest.h>

namespace winrm::cli {
namespace {

bool ends_in_nothing(std::string line)
{
    while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
    for (const char* end : {":", ";", ",", "(", " is", " names", " itself", " until", " from"}) {
        if (line.ends_with(end)) return true;
    }
    return line.find("()") != std::string::npos || line.find(": )") != std::string::npos;
}

TEST(report, s22_words_of_the_peer_that_our_sentence_leads_to_are_never_left_out)
{
    struct row
    {
        const char *host, *ours, *theirs, *line;
    };
    for (const row& r : {row{"web1.example", "the certificate is not made out to web1.example; it names", "web1",
                             "winrm: web1.example: the certificate is not made out to web1.example; it names: web1\n"},
                         row{"web1", "it redirects elsewhere", "/", "winrm: web1: it redirects elsewhere: /\n"},
                         row{"web1", "it redirects elsewhere", ".", "winrm: web1: it redirects elsewhere: .\n"},
                         row{"web1", "it does not speak HTTP", " \n", "winrm: web1: it does not speak HTTP\n"},
                         row{"", "it does not speak HTTP", "", "winrm: it does not speak HTTP\n"}}) {
        EXPECT_EQ(error_line(r.host, error(errc::not_wsman, r.ours).with_peer_text(r.theirs)), r.line);
    }
}

TEST(report, s22_a_fault_without_words)
{
    for (const std::uint32_t code : {0U, 5U, 1018U, 4711U, 0x80338029U, 0x803381A6U}) {
        for (const char* words : {"", " ", ".", "The host is busy."}) {
            fault_info f;
            f.code = code;
            f.reason = words;
            const auto line = error_line("web1", wsman::to_error(f));
            EXPECT_FALSE(ends_in_nothing(line)) << line;
            EXPECT_EQ(line.find(": ."), std::string::npos) << line;
        }
    }
}

TEST(report, s22_certificates_that_say_nothing)
{
    for (const int code : {X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH, X509_V_ERR_CERT_HAS_EXPIRED,
                           X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
                           X509_V_ERR_CERT_UNTRUSTED, X509_V_ERR_CERT_SIGNATURE_FAILURE, X509_V_ERR_CERT_REVOKED}) {
        net::certificate_verdict v;
        v.code = code;
        const auto line = error_line("web1", net::to_error(v, "web1"));
        EXPECT_FALSE(ends_in_nothing(line)) << line;
        v.names = v.subject = v.issuer = v.not_after = v.not_before = "CN=other";
        EXPECT_TRUE(error_line("web1", net::to_error(v, "web1")).ends_with(": CN=other\n"));
    }
}

TEST(report, the_library_names_a_remedy_and_this_program_has_words_for_it)
{
    for (int r = 1; r <= static_cast<int>(remedy::list_shells); ++r) {
        const auto words = words_for(static_cast<remedy>(r));
        EXPECT_TRUE(words.starts_with(" (") ? words.ends_with(')') : words.starts_with(": ") || words.starts_with("; "))
            << r << words;
    }
    net::certificate_verdict v;
    v.code = X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT;
    v.subject = "CN=web1";
    EXPECT_EQ(
        error_line("web1", net::to_error(v, "web1")),
        "winrm: web1: the host's certificate is signed by itself alone: if it is the right one, save it and trust "
        "it with --ca FILE; it calls itself: CN=web1\n");
    const auto late = error(errc::timeout, "the name could not be looked up within 1 s")
                          .with_remedy(remedy::raise_connect_timeout)
                          .with_message(errc::connection_lost, "the connection was lost: ", "; it may be running")
                          .with_remedy(remedy::list_shells);
    EXPECT_EQ(error_line("web1", late),
              "winrm: web1: the connection was lost: the name could not be looked up within 1 s (--connect-timeout "
              "raises it); it may be running (winrm shells lists what is left)\n");
    json_writer w;
    w.begin_object();
    write_error(w, error(errc::timeout, "late").with_remedy(remedy::raise_timeout));
    write_error(w, error(errc::connect, "gone"));
    w.end_object();
    EXPECT_EQ(w.str(),
              R"x({"error":{"code":"timeout","message":"late (--timeout raises it)","remedy":"raise_timeout"},)x"
              R"x("error":{"code":"connect","message":"gone"}})x");
}

} // namespace
} // namespace winrm::cli
