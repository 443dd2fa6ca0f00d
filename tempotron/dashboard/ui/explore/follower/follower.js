// Runs the fragment it stands in again whenever the stage has torch's answer to a settled edit, as
// long as that fragment is in view: what nobody sees waits until somebody does.

const NEAR = "100000px 0px 200px"; // whatever stands above the window's lower edge, or soon will

class Follower {
  constructor(mark) {
    this.due = false;
    this.inView = false;
    this.settled = () => this.#follow();
    this.observer = new IntersectionObserver(([entry]) => this.#see(entry.isIntersecting), { rootMargin: NEAR });
    this.observer.observe(mark);
    addEventListener("tempotron:settled", this.settled);
  }

  receive({ seen }, run) {
    this.run = run;
    if (!seen) this.#follow();
  }

  #see(inView) {
    this.inView = inView;
    if (inView && this.due) this.#follow();
  }

  #follow() {
    this.due = !this.inView;
    if (!this.inView || globalThis.tempotronLeaves?.()) return;
    globalThis.tempotronPosts?.();
    this.run();
  }

  close() {
    this.observer.disconnect();
    removeEventListener("tempotron:settled", this.settled);
  }
}

const followers = new WeakMap();

export default function mount({ data, parentElement, setTriggerValue }) {
  if (!followers.has(parentElement)) followers.set(parentElement, new Follower(parentElement.querySelector(".mark")));
  followers.get(parentElement).receive(data, () => setTriggerValue("settled", true));
  return () => {
    followers.get(parentElement).close();
    followers.delete(parentElement);
  };
}
