/* Loaded into programs by LD_PRELOAD, in place of what a spec must not touch:
 *  - a password for the account that runs the specs, for a real sshd, both in
 *    /etc/shadow's and in PAM's way: "open sesame"; IDLE_ACCOUNT=expired has it
 *    expired, =otp asks for a verification code behind it; with
 *    IDLE_PASSWORD_HANGS=FILE PAM makes that file and never answers;
 *  - name servers: IDLE_LOOKUP=hang never answers, =none knows no name,
 *    =loopback knows every name, =slow does so half a second later;
 *  - the wall clock: once the file IDLE_CLOCK_BACK is there, it shows a year less. */
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <shadow.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int getaddrinfo(const char *restrict name, const char *restrict service, const struct addrinfo *restrict hints,
                struct addrinfo **restrict result) {
  int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
  void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
  memcpy(&real, &symbol, sizeof real);
  const char *wish = getenv("IDLE_LOOKUP");
  if (wish == NULL || (hints->ai_flags & AI_NUMERICHOST) != 0) return real(name, service, hints, result);
  while (strcmp(wish, "hang") == 0) pause();
  if (strcmp(wish, "none") == 0) return EAI_NONAME;
  if (strcmp(wish, "slow") == 0) usleep(500000);
  return real("127.0.0.1", service, hints, result);
}

enum { YEAR_S = 365 * 24 * 60 * 60 };

static time_t setback(void) {
  const char *file = getenv("IDLE_CLOCK_BACK");
  return file != NULL && access(file, F_OK) == 0 ? YEAR_S : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int (*real)(clockid_t, struct timespec *);
  void *symbol = dlsym(RTLD_NEXT, "clock_gettime");
  memcpy(&real, &symbol, sizeof real);
  int result = real(clock, now);
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec -= setback();
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  struct timespec precise;
  int result = clock_gettime(CLOCK_REALTIME, &precise);
  *now = (struct timeval){precise.tv_sec, precise.tv_nsec / 1000};
  return result;
}

time_t time(time_t *seconds) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (seconds != NULL) *seconds = now.tv_sec;
  return now.tv_sec;
}

/* A password in /etc/shadow */

static char account_wish[16];

/* sshd clears its environment later. */
__attribute__((constructor)) static void note_wish(void) {
  const char *wish = getenv("IDLE_ACCOUNT");
  if (wish != NULL && strlen(wish) < sizeof account_wish) strcpy(account_wish, wish);
}

static int account_is(const char *wish) { return strcmp(account_wish, wish) == 0; }

struct spwd *getspnam(const char *name) {
  static struct spwd entry = {
      .sp_lstchg = 20000, .sp_min = -1, .sp_max = -1, .sp_warn = -1, .sp_inact = -1, .sp_expire = -1};
  if (account_is("expired")) entry.sp_lstchg = 0;
  entry.sp_namp = (char *)name;
  entry.sp_pwdp = (char *)"$6$idlespec$0.YVasT3nJmJvuO.9oxWZ8PwcmZbIrlJvIQ7XVOWruRdbwEgUTguwCOE88uID2oPLiyx0YjeNoOH"
                          "FpMEcvw9q1";
  return &entry;
}

/* A password through PAM, as far as sshd uses it */

enum {
  PAM_SUCCESS = 0,
  PAM_AUTH_ERR = 7,
  PAM_NEW_AUTHTOK_REQD = 12,
  PAM_AUTHTOK_ERR = 20,
  PAM_USER = 2,
  PAM_CONV = 5,
  PAM_PROMPT_ECHO_OFF = 1
};

struct pam_message {
  int msg_style;
  const char *msg;
};
struct pam_response {
  char *resp;
  int resp_retcode;
};
struct pam_conv {
  int (*conv)(int count, const struct pam_message **messages, struct pam_response **responses, void *data);
  void *appdata_ptr;
};

static struct pam_conv conversation;
static const char *account;
static char *no_variables[] = {NULL};

int pam_start(const char *service, const char *user, const struct pam_conv *talk, void **handle);
int pam_set_item(void *handle, int type, const void *item);
int pam_authenticate(void *handle, int flags);
int pam_acct_mgmt(void *handle, int flags);
int pam_chauthtok(void *handle, int flags);
char **pam_getenvlist(void *handle);
const char *pam_strerror(void *handle, int error);
int pam_get_item(const void *handle, int type, const void **item);
int pam_putenv(void *handle, const char *variable);

int pam_start(const char *service, const char *user, const struct pam_conv *talk, void **handle) {
  (void)service;
  account = user;
  conversation = *talk;
  *handle = &conversation;
  return PAM_SUCCESS;
}

int pam_set_item(void *handle, int type, const void *item) {
  (void)handle;
  if (type == PAM_CONV) conversation = *(const struct pam_conv *)item;
  return PAM_SUCCESS;
}

/* Whether the answer to a question that hides it is the right one. */
static int asks(const char *question, const char *right) {
  const struct pam_message prompt = {PAM_PROMPT_ECHO_OFF, question};
  const struct pam_message *prompts[] = {&prompt};
  struct pam_response *answers = NULL;
  if (conversation.conv(1, prompts, &answers, conversation.appdata_ptr) != PAM_SUCCESS || answers == NULL) return 0;
  int is_right = answers[0].resp != NULL && strcmp(answers[0].resp, right) == 0;
  free(answers[0].resp);
  free(answers);
  return is_right;
}

int pam_authenticate(void *handle, int flags) {
  (void)handle, (void)flags;
  const char *mark = getenv("IDLE_PASSWORD_HANGS");
  if (mark != NULL) close(open(mark, O_CREAT | O_WRONLY, 0600));
  while (mark != NULL) pause();
  if (!asks("Password: ", "open sesame")) return PAM_AUTH_ERR;
  return !account_is("otp") || asks("Verification code: ", "123456") ? PAM_SUCCESS : PAM_AUTH_ERR;
}

int pam_acct_mgmt(void *handle, int flags) {
  (void)handle, (void)flags;
  return account_is("expired") ? PAM_NEW_AUTHTOK_REQD : PAM_SUCCESS;
}

/* An empty new password is as good as any other here: nobody may give one by accident. */
int pam_chauthtok(void *handle, int flags) {
  (void)handle, (void)flags;
  return asks("Your password has expired.\nNew password: ", "") ? PAM_SUCCESS : PAM_AUTHTOK_ERR;
}

char **pam_getenvlist(void *handle) {
  (void)handle;
  return no_variables;
}

const char *pam_strerror(void *handle, int error) {
  (void)handle, (void)error;
  return "PAM's stand-in";
}

int pam_get_item(const void *handle, int type, const void **item) {
  (void)handle;
  *item = type == PAM_USER ? account : NULL;
  return PAM_SUCCESS;
}

int pam_putenv(void *handle, const char *variable) {
  (void)handle, (void)variable;
  return PAM_SUCCESS;
}

#define AGREES(name)                                                                                                   \
  int name(void *handle, int flags);                                                                                   \
  int name(void *handle, int flags) {                                                                                  \
    (void)handle, (void)flags;                                                                                         \
    return PAM_SUCCESS;                                                                                                \
  }
AGREES(pam_setcred)
AGREES(pam_open_session)
AGREES(pam_close_session)
AGREES(pam_end)
