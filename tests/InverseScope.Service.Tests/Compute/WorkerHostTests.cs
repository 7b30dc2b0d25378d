using System.IO.Pipes;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;
using InverseScope.Service.Compute;
using InverseScope.Service.Tests.Desk;

namespace InverseScope.Service.Tests.Compute;

public sealed class WorkerHostTests
{
    [Fact]
    public async Task What_is_closed_before_it_is_open_is_let_go_and_signs_of_life_come_meanwhile()
    {
        using var toWorker = new AnonymousPipeServerStream(PipeDirection.Out);
        using var workerInput = new AnonymousPipeClientStream(PipeDirection.In, toWorker.ClientSafePipeHandle);
        using var fromWorker = new AnonymousPipeServerStream(PipeDirection.In);
        using var workerOutput = new AnonymousPipeClientStream(PipeDirection.Out, fromWorker.ClientSafePipeHandle);
        using var goOn = new ManualResetEventSlim();
        var (tasks, planted) = (new TaskCatalog(), new PlantedCompute { BeforeOpening = () => goOn.Wait(TestContext.Current.CancellationToken) });
        var host = Task.Run(() => new WorkerHost(workerInput, workerOutput, planted, tasks).Run("cpu"), TestContext.Current.CancellationToken);
        var stream = new WorkerStream(fromWorker, toWorker);
        Assert.IsType<ReadyTold>(stream.Read()!.Value.Message);

        var options = new MeasurementOptions { Distance = DistanceKind.Euclidean, Kernel = KernelKind.Threshold, Epsilon = 0.6, BankSize = 100 };
        stream.Write(new OpenCall(1, 7, "planted", TargetWeights.Trained, "addition", tasks.Find("addition").Fingerprint, options, new RunSeed(1).Value));
        stream.Write(new PingCall(2));
        Assert.Equal(2, Assert.IsType<DoneAnswer>(stream.Read()!.Value.Message).Id);
        stream.Write(new CloseCall(3, 7));
        Assert.Equal(3, Assert.IsType<DoneAnswer>(stream.Read()!.Value.Message).Id);
        goOn.Set();
        // None of its texts is told.
        var answer = Assert.IsType<FaultAnswer>(stream.Read()!.Value.Message);
        Assert.Equal((1, WorkerFaultKind.Cancelled), (answer.Id, answer.Fault));
        stream.Write(new PrepareCall(4, 7, ["L0H0@last"]));
        Assert.Contains("no backend 7", Assert.IsType<FaultAnswer>(stream.Read()!.Value.Message).What, StringComparison.Ordinal);

        toWorker.Dispose();
        await host;
    }

    // Calls run on threads of the pool, where what nobody catches ends the process: whoever answers late expects this and nothing else.
    [Fact]
    public void What_is_written_after_the_stream_was_closed_is_a_fault_of_input_and_output()
    {
        using var server = new AnonymousPipeServerStream(PipeDirection.In);
        var output = new AnonymousPipeClientStream(PipeDirection.Out, server.ClientSafePipeHandle);
        var stream = new WorkerStream(Stream.Null, output);
        output.Dispose();
        Assert.ThrowsAny<IOException>(() => stream.Write(new DoneAnswer(1)));
    }
}
