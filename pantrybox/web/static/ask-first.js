// <ask-first data-question="..."><form>: asks before the form is sent.
class AskFirst extends HTMLElement {
  connectedCallback() {
    this.addEventListener("submit", (event) => confirm(this.dataset.question) || event.preventDefault());
  }
}
customElements.define("ask-first", AskFirst);
