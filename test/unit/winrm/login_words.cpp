#include "cli/login_words.h"

#include "auth/login_mechanism.h"
#include "cli/report.h"

#include <gtest/gtest.h>

using namespace winrm;
using namespace winrm::cli;

namespace {

login_attempt attempt(const std::string& mechanism, auth::login_failure cause, const std::string& detail = {})
{
    return {mechanism, std::string(auth::name(cause)), std::string(auth::sentence(cause)), detail};
}

} // namespace

TEST(LoginWords, EveryCauseHasAdvice)
{
    for (int n = 0; n <= static_cast<int>(auth::login_failure::other); ++n) {
        const auto cause = static_cast<auth::login_failure>(n);
        const bool none = cause == auth::login_failure::none || cause == auth::login_failure::host_chose_other;
        EXPECT_EQ(advice_for(auth::name(cause)).empty(), none) << auth::name(cause);
        EXPECT_EQ(meaning_of(auth::name(cause)), none ? std::string_view() : auth::sentence(cause));
    }
    for (const auto& c : login_causes()) {
        EXPECT_FALSE(c.advice.ends_with('.')) << c.cause;
        EXPECT_TRUE(meaning_of(c.cause).ends_with('.')) << c.cause;
        EXPECT_EQ(c.advice.find('\n'), base::bytes_view::npos);
    }
}

TEST(LoginWords, ALibraryThatSaysTheSameIsNotRepeated)
{
    using auth::login_failure;
    error e(errc::login_denied, "the login by Kerberos failed: the password has expired");
    e.with_tried({attempt("Kerberos", login_failure::expired, "Password has expired")});
    EXPECT_EQ(explain_login(e).find("(Password"), std::string::npos) << explain_login(e);
    EXPECT_EQ(attempts(e), "Kerberos: the password has expired");
    error more(errc::login_denied, "the login by Kerberos failed: the password is wrong");
    more.with_tried({attempt("Kerberos", login_failure::wrong_password, "Decrypt integrity check failed")});
    EXPECT_NE(explain_login(more).find("(Decrypt integrity check failed)"), std::string::npos);
}

TEST(LoginWords, HowALoginWasMade)
{
    login_facts f;
    EXPECT_EQ(login_line("web1", f), "");
    f.scheme = "Negotiate";
    f.mechanism = "Kerberos";
    f.service = "HTTP/web1.corp@CORP";
    f.sealed = true;
    f.cipher = "AES-256";
    f.port = 5985;
    EXPECT_EQ(login_line("web1", f),
              "winrm: web1: Negotiate chose Kerberos (HTTP/web1.corp@CORP), sealed AES-256, port 5985\n");
    f.delegated = true;
    EXPECT_NE(describe(f).find("ticket handed on"), std::string::npos);
    login_facts n;
    n.scheme = "Negotiate";
    n.mechanism = "NTLM";
    n.fell_back_because = "There is no Kerberos ticket, and no password to get one with.";
    n.tls = n.bound = true;
    n.port = 5986;
    EXPECT_EQ(describe(n),
              "Negotiate chose NTLM, because for Kerberos there is no Kerberos ticket, and no password to get "
              "one with, over TLS and bound to it, port 5986");
    login_facts b;
    b.scheme = b.mechanism = "Basic";
    b.tls = true;
    b.port = 5986;
    EXPECT_EQ(describe(b), "logged in by Basic, over TLS, port 5986");
    b.service = "a\x1b[31m";
    EXPECT_EQ(describe(b).find('\x1b'), std::string::npos);
}

TEST(LoginWords, AFailedLoginIsExplainedInOneLine)
{
    const auto e =
        error(errc::login_denied, "the login for ada failed")
            .with_offered({"Negotiate", "Kerberos"})
            .with_tried({attempt("Kerberos", auth::login_failure::no_kdc, "Cannot contact any KDC\nfor realm 'X'"),
                         attempt("NTLM", auth::login_failure::wrong_password)});
    const auto line = error_line("web1", e);
    EXPECT_EQ(line,
              "winrm: web1: the login for ada failed; tried Kerberos: no KDC of the realm was found, or none answered "
              "(Cannot contact any KDC for realm 'X'); NTLM: the password is wrong; the host offers Negotiate, "
              "Kerberos; what to do: check the password; each try counts against the account\n");
    json_writer w;
    w.begin_object();
    write_error(w, e);
    w.end_object();
    EXPECT_NE(w.str().find(
                  R"("tried":[{"mechanism":"Kerberos","cause":"no_kdc","sentence":"No KDC of the realm was found, or)"),
              std::string::npos)
        << w.str();
    EXPECT_NE(w.str().find(R"({"mechanism":"NTLM","cause":"wrong_password","sentence":"The password is wrong."}],)"),
              std::string::npos);
    EXPECT_NE(w.str().find(R"("offered":["Negotiate","Kerberos"],"advice":"check the password)"), std::string::npos)
        << w.str();
}

TEST(LoginWords, AHostThatOffersBasicOnly)
{
    const auto e = error(errc::login_not_offered, "the host does not take Negotiate").with_offered({"Basic"});
    EXPECT_NE(error_line("web1", e).find("the host offers Basic; what to do: the host takes Basic only: --auth basic"),
              std::string::npos)
        << error_line("web1", e);
}

TEST(LoginWords, NothingIsSaidTwice)
{
    const auto e =
        error(errc::login_denied, "the host refused ada with NTLM (it offers Negotiate, Basic): the password is wrong")
            .with_offered({"Negotiate", "Basic"})
            .with_tried({attempt("NTLM", auth::login_failure::wrong_password)});
    EXPECT_EQ(error_line("web1", e), "winrm: web1: " + e.message() +
                                         "; what to do: check the password; each try counts against the account\n");
    const auto bare = error(errc::login_denied,
                            "the host refused the login for ada with NTLM (it offers NTLM): check user and password")
                          .with_offered({"NTLM"})
                          .with_tried({{"NTLM", "refused", "The host refused it.", {}}});
    EXPECT_EQ(error_line("web1", bare), "winrm: web1: " + bare.message() + "\n");
    const auto full =
        error(errc::login_denied, "the login by Negotiate failed: No KDC of the realm was found, or none answered.")
            .with_tried({attempt("Kerberos", auth::login_failure::no_kdc)});
    EXPECT_NE(error_line("web1", full).find("none answered; what to do: see that"), std::string::npos)
        << error_line("web1", full);
    EXPECT_EQ(explain_login(error(errc::connect, "it refuses connections")), "");
}

TEST(LoginWords, ATicketThatTheHostRefusesIsNoMatterOfThePassword)
{
    error e(errc::login_denied, "no");
    e.with_tried({attempt("Kerberos", auth::login_failure::refused)});
    EXPECT_NE(login_advice(e).find("keytab"), std::string::npos) << login_advice(e);
    EXPECT_EQ(login_advice(e).find("password"), std::string::npos);
    e.with_tried({attempt("NTLM", auth::login_failure::refused)});
    EXPECT_NE(login_advice(e).find("password"), std::string::npos);
}

TEST(LoginWords, TheLibrarysWordsStandBesideASentenceThatIsSaidAlready)
{
    error e(errc::login_denied, "the login by Negotiate failed: there is no such user");
    e.with_tried({attempt("Kerberos", auth::login_failure::unknown_user, "Client 'ada@CORP' not\nfound")});
    EXPECT_EQ(explain_login(e), " (Client 'ada@CORP' not found); what to do: check the user and the domain or realm");
}
