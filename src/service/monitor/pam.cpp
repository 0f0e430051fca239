#include "service/monitor/pam.h"

#include <cctype>
#include <cstdlib>
#include <cstring>
#include <security/pam_appl.h>
#include <unistd.h>

namespace winrm::service::monitor {
namespace {

constexpr const char* pam_folders[] = {"/etc/pam.d/", "/usr/lib/pam.d/"};

/// State of the conversation function.
struct conversation
{
    const base::secret* password = nullptr; ///< null: no question is answered
    bool asked = false;                     ///< a module wanted the password
};

/// Answers the prompt for the password; any other prompt fails.
int converse(int count, const pam_message** messages, pam_response** responses, void* data)
{
    auto& with = *static_cast<conversation*>(data);
    if (count <= 0 || count > PAM_MAX_NUM_MSG) return PAM_CONV_ERR;
    auto* answers = static_cast<pam_response*>(std::calloc(static_cast<std::size_t>(count), sizeof(pam_response)));
    if (!answers) return PAM_BUF_ERR;
    bool failed = false;
    for (int i = 0; i < count; ++i) {
        if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF && with.password) {
            with.asked = true;
            const base::bytes_view text = with.password->reveal();
            answers[i].resp = ::strndup(text.data(), text.size());
            failed = failed || !answers[i].resp;
        } else if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF || messages[i]->msg_style == PAM_PROMPT_ECHO_ON) {
            failed = true;
        }
    }
    if (!failed) {
        *responses = answers;
        return PAM_SUCCESS;
    }
    for (int i = 0; i < count; ++i)
        if (answers[i].resp) {
            base::wipe(answers[i].resp, std::strlen(answers[i].resp));
            std::free(answers[i].resp);
        }
    std::free(answers);
    return PAM_CONV_ERR;
}

#ifdef PAM_FAIL_DELAY
/// The login gate delays failed logins; a sleep here would only occupy one of the parallel checks.
void no_delay(int, unsigned, void*) {}
#endif

/// Is the machine closed to all but root? (nologin(5))
bool is_closed() { return ::access("/etc/nologin", F_OK) == 0 || ::access("/var/run/nologin", F_OK) == 0; }

/// @return nullptr: PAM cannot start.
pam_handle_t* begin(const std::string& service, const std::string& user, const std::string& peer, const pam_conv& talk)
{
    pam_handle_t* pam = nullptr;
    if (::pam_start(service.c_str(), user.c_str(), &talk, &pam) != PAM_SUCCESS) return nullptr;
    ::pam_set_item(pam, PAM_RHOST, peer.c_str());
    ::pam_set_item(pam, PAM_TTY, "winrm");
    return pam;
}

pam_verdict account_rules(pam_handle_t* pam, const std::string& user)
{
    if (::pam_acct_mgmt(pam, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK) != PAM_SUCCESS)
        return pam_verdict::account_refused;
    const void* name = nullptr; // a module may have mapped the name to another account, which was not asked for
    if (::pam_get_item(pam, PAM_USER, &name) != PAM_SUCCESS || !name || user != static_cast<const char*>(name))
        return pam_verdict::account_refused;
    return pam_verdict::accepted;
}

} // namespace

std::string missing_pam_file(std::string service)
{
    for (char& letter : service) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter))); // as PAM
    bool any = false;
    for (const char* folder : pam_folders) {
        if (::access((folder + service).c_str(), F_OK) == 0) return {};
        any = any || ::access(folder, F_OK) == 0;
    }
    return any ? pam_folders[0] + service : std::string{};
}

pam_verdict pam_check(const std::string& service, const std::string& user, const base::secret& password,
                      const std::string& peer)
{
    if (password.reveal().find('\0') != base::bytes_view::npos) return pam_verdict::wrong_password;
    conversation with{&password, false};
    const pam_conv talk{converse, &with};
    pam_handle_t* pam = begin(service, user, peer, talk);
    if (!pam) return pam_verdict::unavailable;
#ifdef PAM_FAIL_DELAY
    void (*delay)(int, unsigned, void*) = no_delay;
    const void* item = nullptr;
    std::memcpy(&item, &delay, sizeof item);
    ::pam_set_item(pam, PAM_FAIL_DELAY, item);
#endif
    pam_verdict verdict = pam_verdict::wrong_password;
    const int status = ::pam_authenticate(pam, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
    if (status == PAM_SUCCESS) {
        verdict = account_rules(pam, user);
    } else if (status == PAM_ACCT_EXPIRED || status == PAM_PERM_DENIED || status == PAM_NEW_AUTHTOK_REQD ||
               (!with.asked && status == PAM_AUTH_ERR)) {
        verdict = pam_verdict::account_refused; // the password was not checked
    } else if (status == PAM_AUTHINFO_UNAVAIL || status == PAM_SYSTEM_ERR || status == PAM_ABORT) {
        verdict = pam_verdict::unavailable;
    }
    // pam_nologin fails like a wrong password; pam_acct_mgmt shows whether it was that.
    if (verdict == pam_verdict::wrong_password && is_closed() &&
        ::pam_acct_mgmt(pam, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK) != PAM_SUCCESS)
        verdict = pam_verdict::account_refused;
    ::pam_end(pam, status);
    return verdict;
}

pam_verdict pam_account(const std::string& service, const std::string& user, const std::string& peer)
{
    conversation no_password;
    const pam_conv talk{converse, &no_password};
    pam_handle_t* pam = begin(service, user, peer, talk);
    if (!pam) return pam_verdict::unavailable;
    const pam_verdict verdict = account_rules(pam, user);
    ::pam_end(pam, PAM_SUCCESS);
    return verdict;
}

struct pam_session::state
{
    pam_handle_t* pam = nullptr;
    bool open = false;
};

pam_session::pam_session(const std::string& service, const std::string& user, const std::string& peer)
    : state_(std::make_unique<state>())
{
    static conversation no_password;
    static const pam_conv talk{converse, &no_password};
    state_->pam = begin(service, user, peer, talk);
    if (!state_->pam) return;
    if (::pam_setcred(state_->pam, PAM_ESTABLISH_CRED | PAM_SILENT) != PAM_SUCCESS) return;
    state_->open = ::pam_open_session(state_->pam, PAM_SILENT) == PAM_SUCCESS;
}

pam_session::~pam_session()
{
    if (!state_->pam) return;
    if (state_->open) ::pam_close_session(state_->pam, PAM_SILENT);
    ::pam_setcred(state_->pam, PAM_DELETE_CRED | PAM_SILENT);
    ::pam_end(state_->pam, PAM_SUCCESS);
}

bool pam_session::open() const noexcept { return state_->open; }

std::vector<std::string> pam_session::environment() const
{
    std::vector<std::string> out;
    if (!state_->pam) return out;
    char** list = ::pam_getenvlist(state_->pam);
    for (char** entry = list; entry && *entry; ++entry) {
        out.emplace_back(*entry);
        std::free(*entry);
    }
    std::free(list);
    return out;
}

} // namespace winrm::service::monitor
